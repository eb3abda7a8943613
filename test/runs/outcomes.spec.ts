import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { engine } from '../support/engine.js';
import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { containersOf } from './leftovers.js';
import { sh, showRun, UNLIMITED, untilPrinted } from './run-questions.js';

const MiB = 1024 * 1024;
/** Reads one endless line into memory. */
const HOG = 'tail /dev/zero';

let service: RunningService;

beforeAll(async () => {
  service = await startService({ yaml: { ...UNLIMITED, runs: { maxConcurrent: 4 } } });
});
afterAll(() => service.stop());

function runWithin(
  resources: Record<string, number>,
  issue: string,
  command: string[],
): Promise<string> {
  return createRun(service, { issue, command, policy: { resources } });
}

describe('the memory limit', () => {
  it('is told apart from a crash, also when only a child was killed', async () => {
    const memory = 64 * MiB;
    const [command, child, both, crash] = await Promise.all(
      [`exec ${HOG}`, `${HOG}; true`, `${HOG}; exit 1`, 'kill -KILL $$'].map(
        async (script, index) =>
          finishRun(service, await runWithin({ memory }, `OOM-${index}`, sh(script))),
      ),
    );
    expect(command).toMatchObject({ status: 'out_of_memory', exitCode: 137 });
    expect(child).toMatchObject({
      status: 'succeeded',
      exitCode: 0,
      reason: 'child_out_of_memory',
    });
    expect(both).toMatchObject({ status: 'out_of_memory', exitCode: 1 });
    expect(crash).toMatchObject({ status: 'failed', exitCode: 137, reason: 'exit_code' });
  });
});

describe('the disk limit', () => {
  it('ends a run whose workspace and HOME outgrow it, and no smaller one', async () => {
    const limit = { workspace: 24 * MiB };
    const fill = (mebibytes: number) =>
      sh(
        `head -c ${(mebibytes * MiB) / 2} /dev/zero >/workspace/f; ` +
          `head -c ${(mebibytes * MiB) / 2} /dev/zero >"$HOME/f"; sync; sleep 8`,
      );
    const [over, under] = await Promise.all([
      runWithin(limit, 'DISK-1', fill(40)).then((id) => finishRun(service, id)),
      runWithin(limit, 'DISK-2', fill(10)).then((id) => finishRun(service, id)),
    ]);
    expect(over).toMatchObject({ status: 'failed', reason: 'disk_limit' });
    expect(under).toMatchObject({ status: 'succeeded', reason: null });
  });
});

describe('a container that somebody removes under its run', () => {
  it('makes the run lost, and the next one of the issue goes on', async () => {
    const id = await createRun(service, { issue: 'GONE-1', command: sh('echo up; sleep 60') });
    await untilPrinted(service, id, 'up');
    const [container = ''] = await containersOf(service, id);
    await engine().getContainer(container).remove({ force: true });
    const run = await finishRun(service, id, 15_000);
    expect(run).toMatchObject({ status: 'lost', reason: 'container_gone', exitCode: null });
    expect(run.stdout).toBe('up\n');
    expect(await runToEnd(service, { issue: 'GONE-1', command: ['true'] })).toMatchObject({
      status: 'succeeded',
    });
  });
});

describe('processes', () => {
  it('that multiply stop at the limit, and others go on meanwhile', async () => {
    const bomb = await runWithin(
      { pids: 64 },
      'BOMB-1',
      // A second fork of its own may find the limit reached, and bash tries such a one for half a minute.
      sh('bash -c "f() { f | f & }; f; echo up; while :; do :; done" 2>/dev/null'),
    );
    await untilPrinted(service, bomb, 'up');
    const [container = ''] = await containersOf(service, bomb);
    const asked = performance.now();
    const other = await runToEnd(service, { issue: 'BOMB-2', command: ['true'] });
    expect(other.status).toBe('succeeded');
    expect((await service.api('GET', '/healthz')).status).toBe(200);
    expect(performance.now() - asked).toBeLessThan(20_000);
    expect(await processesOf(container)).toBeLessThanOrEqual(64);
    await service.api('POST', `/api/v1/runs/${bomb}/cancel`);
    expect(await finishRun(service, bomb)).toMatchObject({ status: 'cancelled' });
  });

  it('get as many as the limit says and not one more', async () => {
    const script =
      'i=0; while [ $i -lt 100 ]; do sleep 3 & i=$((i+1)); done 2>/dev/null; ls /proc | grep -c "^[0-9]"';
    const [tight, wide] = await Promise.all(
      [40, 512].map(async (pids) => {
        const command = ['bash', '-c', script];
        return finishRun(service, await runWithin({ pids }, `PIDS-${pids}`, command));
      }),
    );
    expect(Number(wide?.stdout)).toBeGreaterThan(100);
    expect(Number(tight?.stdout.trim() || 0)).toBeLessThanOrEqual(40);
  });

  it('that nobody waits for are reaped', async () => {
    const count = 'ps -eo stat= | grep -c "^Z"';
    const orphans = `for i in 1 2 3 4 5 6 7 8; do (sleep 0.2 &); done; sleep 1; ${count}; :`;
    // The control: a parent that lives and never waits keeps its dead child.
    const kept = `perl -e 'fork or exit; sleep 1; system(q(${count}))'; :`;
    const [reaped, zombies] = await Promise.all([
      runToEnd(service, { issue: 'ZOM-1', command: sh(orphans) }),
      runToEnd(service, { issue: 'ZOM-2', command: sh(kept) }),
    ]);
    expect(zombies.stdout).toBe('1\n');
    expect(reaped.stdout).toBe('0\n');
  });
});

describe('output that cannot be stored', () => {
  it('takes neither the outcome nor the service away', async () => {
    const poor = await startService({ yaml: UNLIMITED });
    try {
      const directory = join(poor.dataDir, 'output');
      await rm(directory, { recursive: true, force: true });
      await writeFile(directory, 'a file where a directory belongs');
      const run = await createRun(poor, {
        issue: 'OUT-1',
        command: sh('echo lost; sleep 1; exit 4'),
      });
      await poor.api('GET', `/api/v1/runs/${run}?wait=30`);
      expect(await showRun(poor, run)).toMatchObject({ status: 'failed', exitCode: 4 });
    } finally {
      await poor.stop();
    }
  });
});

async function processesOf(container: string): Promise<number> {
  const { State } = await engine().getContainer(container).inspect();
  const groups = await readFile(`/proc/${State.Pid}/cgroup`, 'utf8');
  const path = /^\d+:(?:pids|):(.*)$/m.exec(groups)?.[1] ?? '';
  for (const root of ['/sys/fs/cgroup/pids', '/sys/fs/cgroup']) {
    const current = await readFile(join(root, path, 'pids.current'), 'utf8').catch(() => null);
    if (current !== null) return Number(current);
  }
  throw new Error(`the control group of ${container} is not to be found`);
}
