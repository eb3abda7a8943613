import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { engine, inside } from '../support/engine.js';
import { sized, SEED } from '../support/long-form.js';
import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { containersOf, runFiles } from './leftovers.js';
import { setReadOnly } from './read-only-output.js';
import { eventsOf, followEvents, linesOf, outputOf, type OutputLine } from './run-output.js';
import {
  auditOf,
  cancelRun,
  setSecret,
  sh,
  showRun,
  UNLIMITED,
  untilPrinted,
  untilStatus,
} from './run-questions.js';
import { until } from './until.js';

const KILLS = sized(3, 200);
const PATIENCE_MS = sized(240_000, 3_600_000);
const SECRET = 'adoption-s3cret/value';

let service: RunningService;
beforeAll(async () => {
  service = await startService({ yaml: { ...UNLIMITED, runs: { maxConcurrent: 2 } } });
  await setSecret(service, 'TOKEN', SECRET);
});
afterAll(() => service?.stop());

const newKey = () => randomBytes(32).toString('base64');

/** Mulberry32: the same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Numbered lines on both streams, a secret in some, until it is told to stop; exits with 3. */
const NUMBERED = sh(`
  echo begun >>log
  n=0
  until [ -e /tmp/stop ]; do
    n=$((n + 1))
    case $((n % 5)) in
      0) echo "out $n $TOKEN"; echo "err $n" >&2 ;;
      1) echo "out $n"; printf 'err %s ' $n >&2; sleep 0.01; echo "$TOKEN" | base64 >&2 ;;
      *) echo "out $n é"; echo "err $n" >&2 ;;
    esac
    sleep 0.02
  done
  echo "last $n"
  exit 3
`);

function numberedUpTo(last: number): { stdout: string; stderr: string } {
  let [stdout, stderr] = ['', ''];
  for (let n = 1; n <= last; n += 1) {
    const kind = n % 5;
    stdout += kind === 0 ? `out ${n} ***\n` : kind === 1 ? `out ${n}\n` : `out ${n} é\n`;
    // Base64 of the value and a line feed.
    stderr += kind === 1 ? `err ${n} ***Cg==\n` : `err ${n}\n`;
  }
  return { stdout: `${stdout}last ${last}\n`, stderr };
}

const textOf = (lines: readonly OutputLine[], stream: string) =>
  lines
    .filter((line) => line.stream === stream)
    .map(({ text }) => text)
    .join('');

/** A client that follows from the first line to the last, whatever becomes of its connection. */
async function followed(id: string): Promise<OutputLine[]> {
  const lines: OutputLine[] = [];
  for (;;) {
    try {
      const response = await followEvents(service, id, lines.at(-1)?.seq ?? 0);
      for await (const event of eventsOf(response)) {
        if (event.event === 'output') lines.push(...linesOf([event]));
        if (event.event === 'end') return lines;
      }
    } catch {
      // The service is away, or was killed in the middle of an event.
    }
    await sleep(100);
  }
}

async function nothingIsLeft(): Promise<void> {
  expect(await containersOf(service)).toEqual([]);
  expect(await runFiles(service)).toEqual([]);
}

describe('a run', () => {
  it(
    'keeps every line once and in order, however often the service is stopped or killed',
    async () => {
      console.log(`TEST_SEED=${SEED}`);
      const random = randomFrom(SEED);
      const id = await createRun(service, {
        issue: 'LIVES-1',
        command: NUMBERED,
        secrets: ['TOKEN'],
      });
      const follower = followed(id);
      await untilPrinted(service, id, 'out 1');
      for (let kill = 0; kill < KILLS; kill += 1) {
        await sleep(random() * 1200);
        await service.terminate(random() < 0.3 ? 'SIGTERM' : 'SIGKILL');
        await sleep(random() * 500);
        // Some lives end while they begin.
        if (random() < 0.25) {
          service.launch();
          await sleep(random() * 3000);
          await service.kill9();
        }
        await service.start();
      }
      const shown = await outputOf(service, id);
      const [container = ''] = await containersOf(service, id);
      await inside(container, 'touch /tmp/stop');
      const run = await finishRun(service, id);
      expect(run).toMatchObject({ status: 'failed', exitCode: 3, reason: 'exit_code' });

      const lines = await outputOf(service, id);
      expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1));
      const last = Number(/last (\d+)\n$/.exec(run.stdout)?.[1]);
      expect({ stdout: run.stdout, stderr: run.stderr }).toEqual(numberedUpTo(last));
      expect(textOf(lines, 'system')).toBe('');
      expect(lines.slice(0, shown.length)).toEqual(shown);
      expect(await follower).toEqual(lines);

      const { phases } = await showRun(service, id);
      const times = [phases.queuedAt, phases.preparingAt, phases.runningAt, phases.endedAt];
      expect([...times, phases.finishedAt].sort()).toEqual([...times, phases.finishedAt]);
      expect(await auditOf(service, id)).toEqual(['run.created', 'run.started', 'run.finished']);
      const log = await runToEnd(service, { issue: 'LIVES-1', command: ['cat', 'log'] });
      expect(log.stdout).toBe('begun\n');
      await nothingIsLeft();
    },
    PATIENCE_MS,
  );

  it(
    'is masked by the values that it was given, whatever became of the secret',
    async () => {
      const command = sh('echo up; until [ -e /tmp/go ]; do sleep 0.1; done; echo "<$TOKEN>"');
      const id = await createRun(service, { issue: 'MASK-1', command, secrets: ['TOKEN'] });
      await untilPrinted(service, id, 'up');
      await setSecret(service, 'TOKEN', 'another-value');
      await service.restart('SIGKILL');
      const [container = ''] = await containersOf(service, id);
      await inside(container, 'touch /tmp/go');
      expect((await finishRun(service, id)).stdout).toBe('up\n<***>\n');
      await setSecret(service, 'TOKEN', SECRET);
    },
    PATIENCE_MS,
  );

  it(
    'that ends while the service is away has its true outcome and all its output',
    async () => {
      const go = 'until [ -e /tmp/go ]; do sleep 0.1; done;';
      const ids = [
        await createRun(service, {
          issue: 'AWAY-1',
          command: sh(`echo up; ${go} echo late; exit 7`),
        }),
        await createRun(service, {
          issue: 'AWAY-2',
          policy: { resources: { memory: 64 * 1024 * 1024 } },
          command: sh(`echo up; ${go} exec tail /dev/zero`),
        }),
      ];
      await Promise.all(ids.map((id) => untilPrinted(service, id, 'up')));
      const containers = await containersOf(service);
      await service.kill9();
      await Promise.all(containers.map((container) => inside(container, 'touch /tmp/go')));
      await sleep(3000);
      await service.start();
      const [failed, memory] = await Promise.all(ids.map((id) => finishRun(service, id)));
      expect(failed).toMatchObject({ status: 'failed', exitCode: 7, stdout: 'up\nlate\n' });
      expect(memory).toMatchObject({ status: 'out_of_memory', exitCode: 137, stdout: 'up\n' });
      await nothingIsLeft();
    },
    PATIENCE_MS,
  );

  it(
    'whose container was removed meanwhile is lost',
    async () => {
      const id = await createRun(service, { issue: 'GONE-1', command: sh('echo up; sleep 90') });
      await untilPrinted(service, id, 'up');
      const [container = ''] = await containersOf(service, id);
      await service.kill9();
      await engine().getContainer(container).remove({ force: true });
      await service.start();
      expect(await untilStatus(service, id, 'lost')).toMatchObject({ reason: 'container_gone' });
      await nothingIsLeft();
    },
    PATIENCE_MS,
  );
});

describe('an adopted run', () => {
  it(
    'is cancelled and runs out of time as any other, and one behind it gets its turn',
    async () => {
      const wait = sh('echo up; sleep 90');
      const cancelled = await createRun(service, { issue: 'END-1', command: wait });
      const timed = await createRun(service, { issue: 'END-2', command: wait, timeoutSeconds: 8 });
      await Promise.all([cancelled, timed].map((id) => untilPrinted(service, id, 'up')));
      const behind = await createRun(service, { issue: 'END-3', command: ['echo', 'at last'] });
      await service.restart('SIGTERM');
      expect((await showRun(service, behind)).status).toBe('queued');
      expect((await cancelRun(service, cancelled)).status).toBe(202);
      expect(await finishRun(service, cancelled)).toMatchObject({
        status: 'cancelled',
        exitCode: 143,
      });
      expect(await finishRun(service, behind)).toMatchObject({ stdout: 'at last\n' });
      expect(await finishRun(service, timed)).toMatchObject({ status: 'timed_out' });
      const { phases } = await showRun(service, timed);
      const took = Date.parse(phases.endedAt!) - Date.parse(phases.runningAt!);
      expect(took).toBeGreaterThan(7900);
      await nothingIsLeft();
    },
    PATIENCE_MS,
  );

  it(
    'shows nothing while the key is away that masks it, and all of it later',
    async () => {
      const key = service.env.MASTER_KEY ?? '';
      const command = sh(
        'echo up; until [ -e /tmp/go ]; do sleep 0.1; done; echo "<$TOKEN>"; exit 4',
      );
      const id = await createRun(service, { issue: 'LOCKED-1', command, secrets: ['TOKEN'] });
      const plain = await createRun(service, { issue: 'LOCKED-2', command });
      await Promise.all([id, plain].map((one) => untilPrinted(service, one, 'up')));
      await service.kill9();
      delete service.env.MASTER_KEY;
      await service.start();
      await until('readiness to say so', async () => {
        const { body } = await service.api('GET', '/readyz');
        const checks = body.checks as { name: string; status: string; reason?: string }[];
        const runs = checks.find(({ name }) => name === 'runs');
        return runs?.status === 'degraded' && runs.reason?.includes('1 run') ? true : null;
      });
      const containers = await containersOf(service);
      await Promise.all(containers.map((container) => inside(container, 'touch /tmp/go')));
      // Without a secret no key is needed.
      expect(await finishRun(service, plain)).toMatchObject({ exitCode: 4, stdout: 'up\n<>\n' });
      await sleep(1000);
      expect((await showRun(service, id)).status).toBe('running');
      expect(textOf(await outputOf(service, id), 'stdout')).toBe('up\n');
      await service.kill9();
      service.env.MASTER_KEY = key;
      await service.start();
      expect(await finishRun(service, id)).toMatchObject({ exitCode: 4, stdout: 'up\n<***>\n' });
      await nothingIsLeft();
    },
    PATIENCE_MS,
  );

  it(
    'waits for a machine that is short of something, also through a rotation of the key',
    async () => {
      const key = service.env.MASTER_KEY ?? '';
      const command = sh(
        'echo up; until [ -e /tmp/go ]; do sleep 0.1; done; echo "<$TOKEN>"; exit 6',
      );
      const id = await createRun(service, { issue: 'SHORT-1', command, secrets: ['TOKEN'] });
      await untilPrinted(service, id, 'up');
      await service.kill9();
      Object.assign(service.env, { MASTER_KEY: newKey(), MASTER_KEY_PREVIOUS: key });
      const writable = await setReadOnly(join(service.dataDir, 'output'));
      try {
        await service.start();
        await until('the adoption to wait', () =>
          service.logs().includes('cannot be taken over yet') ? true : null,
        );
        const [container = ''] = await containersOf(service, id);
        await inside(container, 'touch /tmp/go');
        expect((await showRun(service, id)).status).toBe('running');
        const { body } = await service.api('POST', '/api/v1/master-key/rotation');
        expect(body).toMatchObject({ rotated: true });
        expect((await showRun(service, id)).status).toBe('running');
      } finally {
        await writable();
        delete service.env.MASTER_KEY_PREVIOUS;
      }
      expect(await finishRun(service, id)).toMatchObject({
        status: 'failed',
        exitCode: 6,
        stdout: 'up\n<***>\n',
      });
      await nothingIsLeft();
    },
    PATIENCE_MS,
  );
});
