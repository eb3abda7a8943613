import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { containersOf } from '../runs/leftovers.js';
import { cancelRun, sh, showRun, UNLIMITED, untilPrinted } from '../runs/run-questions.js';
import { inside } from '../support/engine.js';
import { sized } from '../support/long-form.js';
import { residentBytes } from '../support/memory.js';
import { expectNoRemains } from '../support/remains.js';
import { createRun, finishRun } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { queryStored } from '../support/stored.js';

const MiB = 1024 * 1024;
const PATIENCE_MS = sized(240_000, 1_200_000);
const QUEUED = sized(600, 10_000);
const CALLERS = 16;
const SAMPLE = 5;
const PAGE = 100;
/** A page is one look at an index; the rest is the machine's. */
const PAGE_MS = 2000;
/** Those that wait are rows alone: to start with them costs nothing of their number. */
const START_MS = 30_000;
const BUSY = 'FULL-BUSY';

let service: RunningService;
beforeAll(async () => {
  service = await startService({ yaml: { ...UNLIMITED, runs: { maxConcurrent: 2 } } });
});
afterAll(() => service?.stop());

/** Calls `work` with 0 to `count` - 1, some at a time. */
async function each(count: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: CALLERS }, worker));
}

async function blocker(issue: string): Promise<{ id: string; end: () => Promise<void> }> {
  const id = await createRun(service, {
    issue,
    command: sh('echo up; until [ -e /tmp/go ]; do sleep 0.1; done'),
  });
  await untilPrinted(service, id, 'up');
  const [container = ''] = await containersOf(service, id);
  return { id, end: async () => void (await inside(container, 'touch /tmp/go')) };
}

/** All that wait, page by page, each page in time. */
async function listed(): Promise<{ ids: string[]; slowestMs: number }> {
  const ids: string[] = [];
  let slowestMs = 0;
  for (let cursor: string | null = ''; cursor !== null;) {
    const asked = performance.now();
    const after = cursor === '' ? '' : `&cursor=${cursor}`;
    const page = await service.api('GET', `/api/v1/runs?status=queued&limit=${PAGE}${after}`);
    slowestMs = Math.max(slowestMs, performance.now() - asked);
    expect(page.status, page.text).toBe(200);
    ids.push(...page.body.items.map(({ id }: { id: string }) => id));
    cursor = page.body.nextCursor as string | null;
  }
  return { ids, slowestMs };
}

async function restarted(signal: NodeJS.Signals): Promise<number> {
  await service.terminate(signal);
  const began = performance.now();
  await service.start();
  const took = performance.now() - began;
  expect((await service.api('GET', '/readyz')).status).toBe(200);
  return took;
}

describe(`a queue of ${QUEUED} runs`, () => {
  it(
    'is accepted, listed quickly, bounded in memory, kept over restarts and drained in order',
    async () => {
      const busy = await blocker(BUSY);
      const other = await blocker('FULL-OTHER');
      const before = await residentBytes(service.pid);

      const ids: string[] = [];
      for (let n = 0; n < SAMPLE; n += 1) {
        ids.push(await createRun(service, { issue: `FULL-${n}`, command: ['echo', `${n}`] }));
      }
      const accepting = performance.now();
      await each(QUEUED - SAMPLE, async (n) => {
        // A third waits for one workspace: what can never be taken now must not be in the way.
        const issue = n % 3 === 0 ? BUSY : `FULL-${n}`;
        ids.push(await createRun(service, { issue, command: ['true'] }));
      });
      const acceptedMs = performance.now() - accepting;
      const held = (await residentBytes(service.pid)) - before;
      expect(held).toBeLessThan(150 * MiB);

      const { ids: shown, slowestMs } = await listed();
      expect(shown.toSorted()).toEqual(ids.toSorted());
      expect(slowestMs).toBeLessThan(PAGE_MS);
      const killedMs = await restarted('SIGKILL');
      expect(killedMs).toBeLessThan(START_MS);
      console.log(
        `${QUEUED} runs: ${Math.round(acceptedMs / QUEUED)} ms each, ${Math.round(held / MiB)} MiB, ` +
          `slowest page ${Math.round(slowestMs)} ms, ready after ${Math.round(killedMs)} ms`,
      );
      expect((await listed()).ids.toSorted()).toEqual(ids.toSorted());

      await other.end();
      for (const [n, id] of ids.slice(0, SAMPLE).entries()) {
        expect(await finishRun(service, id)).toMatchObject({ stdout: `${n}\n` });
      }
      expect(await finishRun(service, other.id)).toMatchObject({ status: 'succeeded' });
      expect((await showRun(service, busy.id)).status).toBe('running');

      expect(await restarted('SIGTERM')).toBeLessThan(START_MS);
      await expectAllThere(ids);
      await each(ids.length, async (n) => {
        const { status, text } = await cancelRun(service, ids[n] ?? '');
        expect([202, 409], text).toContain(status);
      });
      await busy.end();
      expect(await finishRun(service, busy.id)).toMatchObject({ status: 'succeeded' });
      await expectInOrder();
      expect((await residentBytes(service.pid)) - before).toBeLessThan(150 * MiB);
      await expectNoRemains(service);
    },
    PATIENCE_MS,
  );
});

async function expectAllThere(ids: readonly string[]): Promise<void> {
  const rows = await queryStored<{ id: string }>(
    service.dataDir,
    `SELECT id FROM runs WHERE status IN ('queued', 'preparing', 'running', 'succeeded')`,
  );
  const there = new Set(rows.map(({ id }) => id));
  expect(ids.filter((id) => !there.has(id))).toEqual([]);
}

/** Of those that were free to begin, each began before all that came after it. */
async function expectInOrder(): Promise<void> {
  const begun = await queryStored<{ id: string }>(
    service.dataDir,
    `SELECT id FROM runs WHERE running_at IS NOT NULL AND issue NOT IN ('${BUSY}', 'FULL-OTHER')
     ORDER BY running_at`,
  );
  expect(begun.length).toBeGreaterThanOrEqual(SAMPLE);
  expect(begun.map(({ id }) => id)).toEqual(begun.map(({ id }) => id).toSorted());
  const waited = await queryStored<{ id: string }>(
    service.dataDir,
    `SELECT id FROM runs WHERE running_at IS NULL AND issue <> '${BUSY}'
     AND id < '${begun.at(-1)?.id}'`,
  );
  expect(waited, 'nobody was passed over').toEqual([]);
}
