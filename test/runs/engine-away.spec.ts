import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { engine, inside } from '../support/engine.js';
import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { EngineProxy } from './engine-proxy.js';
import { containersOf, labelsOf, runFiles } from './leftovers.js';
import { cancelRun, sh, showRun, UNLIMITED, untilPrinted, untilStatus } from './run-questions.js';
import { until } from './until.js';

let proxy: EngineProxy;
let service: RunningService;

beforeAll(async () => {
  proxy = await EngineProxy.start();
  await proxy.close();
  // The first of its lives begins without an engine.
  const yaml = { ...UNLIMITED, runs: { maxConcurrent: 4 } };
  service = await startService({ env: { DOCKER_HOST: proxy.dockerHost }, yaml });
});
afterAll(async () => {
  await proxy.open();
  await service.stop();
  await proxy.stop();
});

async function engineReadiness(): Promise<{ status: string; reason?: string }> {
  const { status, body } = await service.api('GET', '/readyz');
  expect(status).toBe(200);
  const checks = body.checks as { name: string; status: string; reason?: string }[];
  return checks.find(({ name }) => name === 'engine')!;
}

async function untilReady(status: string): Promise<void> {
  await until(`the engine to be ${status}`, async () =>
    (await engineReadiness()).status === status ? true : null,
  );
}

/** What the engine kept from being removed is removed when it lets it. */
async function untilNothingIsLeft(): Promise<void> {
  await until('the sandbox and its files to be removed', async () => {
    const left = [await containersOf(service), await runFiles(service)].flat();
    return left.length === 0 ? true : null;
  });
}

/** A waiting run that says what for. */
function untilHeldUp(id: string): Promise<unknown> {
  return until(`run ${id} to tell what it waits for`, async () => {
    const run = await showRun(service, id);
    expect(['queued', 'preparing']).toContain(run.status);
    return run.status === 'queued' && run.reason === 'engine_unavailable' ? run : null;
  });
}

describe('while the engine is away', () => {
  it('from the start, the service serves, says so, keeps runs in line and goes on later', async () => {
    expect(await engineReadiness()).toMatchObject({
      status: 'degraded',
      reason: expect.stringContaining('DOCKER_HOST'),
    });
    const first = await createRun(service, { issue: 'AWAY-1', command: sh('echo one >>log') });
    const second = await createRun(service, { issue: 'AWAY-1', command: ['cat', 'log'] });
    const dropped = await createRun(service, { issue: 'AWAY-2', command: ['true'] });
    await untilHeldUp(first);
    expect((await showRun(service, first)).message).toMatch(/engine/);
    const cancelled = await cancelRun(service, dropped);
    expect(cancelled.body).toMatchObject({ status: 'cancelled', reason: 'cancelled' });

    await proxy.open();
    expect(await finishRun(service, first)).toMatchObject({ status: 'succeeded', reason: null });
    expect(await finishRun(service, second)).toMatchObject({ stdout: 'one\n' });
    await untilReady('ok');
  });

  it('for one run alone, others pass it, those behind it wait, and it says why', async () => {
    await proxy.open();
    proxy.refused = /containers\/create[^]*STARVE-1/;
    // As many as may run at once, so that none is left for the others while these go in a circle.
    const stuck = await Promise.all(
      Array.from({ length: 4 }, (_, n) =>
        createRun(service, { issue: `STARVE-1${n}`, command: ['echo', 'at last'] }),
      ),
    );
    const behind = await createRun(service, { issue: 'STARVE-10', command: ['echo', 'behind'] });
    await untilHeldUp(stuck[0]!);
    for (let n = 0; n < 3; n += 1) {
      const other = { issue: `STARVE-2${n}`, command: ['echo', 'passed'] };
      expect(await runToEnd(service, other)).toMatchObject({ stdout: 'passed\n' });
    }
    await untilHeldUp(stuck[0]!);
    expect((await showRun(service, behind)).status).toBe('queued');
    proxy.refused = null;
    for (const id of stuck) {
      expect(await finishRun(service, id)).toMatchObject({ stdout: 'at last\n', reason: null });
    }
    expect(await finishRun(service, behind)).toMatchObject({ stdout: 'behind\n' });
  });

  it('between two runs, the next one waits and goes on later', async () => {
    await proxy.close();
    const id = await createRun(service, {
      issue: 'AWAY-3',
      command: sh('echo once >>log; cat log'),
    });
    await untilHeldUp(id);
    await untilReady('degraded');
    await proxy.open();
    expect(await finishRun(service, id)).toMatchObject({ status: 'succeeded', stdout: 'once\n' });
  });

  it('in the middle of a command, its output and its outcome are the true ones', async () => {
    const command = sh('for i in 1 2 3 4 5 6; do echo $i; sleep 0.5; done; exit 9');
    const id = await createRun(service, { issue: 'AWAY-4', command });
    await untilPrinted(service, id, '1');
    await proxy.close();
    await untilReady('degraded');
    expect((await showRun(service, id)).status).toBe('running');
    await new Promise((resolve) => setTimeout(resolve, 3500));
    await proxy.open();
    expect(await finishRun(service, id)).toMatchObject({
      status: 'failed',
      exitCode: 9,
      reason: 'exit_code',
      stdout: '1\n2\n3\n4\n5\n6\n',
    });
    expect(await containersOf(service)).toEqual([]);
  });

  it('and only hangs, readiness still answers and the run goes on when it answers again', async () => {
    proxy.hang();
    const asked = performance.now();
    await untilReady('degraded');
    expect(performance.now() - asked).toBeLessThan(6000);
    const id = await createRun(service, { issue: 'AWAY-5', command: ['echo', 'late'] });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(['queued', 'preparing']).toContain((await showRun(service, id)).status);
    await proxy.open();
    expect(await finishRun(service, id)).toMatchObject({ status: 'succeeded', stdout: 'late\n' });
  });
});

describe('cancelling a run in preparation', () => {
  it('keeps its command from ever running, and takes away what was made', async () => {
    proxy.hang();
    const id = await createRun(service, { issue: 'PREP-1', command: ['touch', 'ran'] });
    await untilStatus(service, id, 'preparing');
    const answer = await cancelRun(service, id);
    expect([answer.status, answer.body.status]).toEqual([202, 'preparing']);
    await proxy.open();
    const run = await finishRun(service, id);
    expect(run).toMatchObject({ status: 'cancelled', reason: 'cancelled', exitCode: null });
    expect((await showRun(service, id)).phases.runningAt).toBeNull();
    expect((await runToEnd(service, { issue: 'PREP-1', command: ['ls'] })).stdout).toBe('');
    await untilNothingIsLeft();
  });

  it('works while the engine goes away in it', async () => {
    proxy.hang();
    const id = await createRun(service, { issue: 'PREP-2', command: ['touch', 'ran'] });
    await untilStatus(service, id, 'preparing');
    await cancelRun(service, id);
    await proxy.close();
    expect(await untilStatus(service, id, 'cancelled')).toMatchObject({ reason: 'cancelled' });
    await proxy.open();
  });
});

describe('a sandbox that cannot be removed', () => {
  it('does not hold the outcome back, and is removed when the engine lets it', async () => {
    proxy.refused = /^DELETE /;
    const id = await createRun(service, { issue: 'STAYS-1', command: ['true'] });
    try {
      expect(await finishRun(service, id)).toMatchObject({ status: 'succeeded' });
      expect(await containersOf(service, id)).toHaveLength(1);
    } finally {
      proxy.refused = null;
    }
    await runToEnd(service, { issue: 'STAYS-2', command: ['true'] });
    await untilNothingIsLeft();
  });

  it('keeps the next run of its issue waiting for as long as it may run', async () => {
    const left = await engine().createContainer({
      Image: 'risoluto-sandbox:latest',
      Cmd: ['sleep', '600'],
      Labels: { ...(await labelsOf(service)), 'risoluto.issue': 'STAYS-3' },
      HostConfig: { NetworkMode: 'none' },
    });
    await left.start();
    proxy.refused = new RegExp(`^DELETE [^ ]*${left.id}`);
    const id = await createRun(service, { issue: 'STAYS-3', command: ['echo', 'alone'] });
    try {
      expect(await untilHeldUp(id)).toMatchObject({
        message: expect.stringContaining('earlier run of the issue'),
      });
      const other = { issue: 'STAYS-4', command: ['echo', 'passed'] };
      expect(await runToEnd(service, other)).toMatchObject({ stdout: 'passed\n' });
      expect((await left.inspect()).State.Running).toBe(true);
      expect((await showRun(service, id)).phases.runningAt).toBeNull();
    } finally {
      proxy.refused = null;
    }
    expect(await finishRun(service, id)).toMatchObject({ stdout: 'alone\n', reason: null });
    await untilNothingIsLeft();
  });
});

describe('a memory limit of which the engine hears after the end', () => {
  const resources = { memory: 64 * 1024 * 1024 };
  const told = [
    { status: 'out_of_memory', exitCode: 1, reason: 'memory_limit' },
    { status: 'succeeded', exitCode: 0, reason: 'child_out_of_memory' },
    { status: 'failed', exitCode: 1, reason: 'exit_code' },
    { status: 'succeeded', exitCode: 0, reason: null },
  ];
  const scripts = ['tail /dev/zero; exit 1', 'tail /dev/zero; true', 'exit 1', 'true'];
  /** Of two: of the other the engine may have kept the state false by itself. */
  const LEAST_UNSAID = 1;
  let unsaid = 0;

  /** As engines do before 23.0 when the news comes second: the state is never put right. */
  function keepStateFalse(answer: Buffer): Buffer {
    const text = answer.toString('latin1').replace('"OOMKilled":true', '"OOMKilled":null');
    unsaid += Number(text.includes('"OOMKilled":null'));
    return Buffer.from(text, 'latin1');
  }

  beforeAll(async () => {
    await proxy.open();
    proxy.altered = keepStateFalse;
  });
  afterAll(() => {
    proxy.altered = (answer) => answer;
  });

  async function endsOf(name: string, before: string): Promise<string[]> {
    return Promise.all(
      scripts.map((script, index) => {
        const command = sh(before + script);
        return createRun(service, { issue: `${name}-${index}`, command, policy: { resources } });
      }),
    );
  }

  it('is told as it is', async () => {
    const ids = await endsOf('LATE', '');
    const runs = await Promise.all(ids.map((id) => finishRun(service, id)));
    expect(runs).toMatchObject(told);
    expect(unsaid).toBeGreaterThanOrEqual(LEAST_UNSAID);
  });

  it('is told as it is of commands that ended while the service was away', async () => {
    unsaid = 0;
    const ids = await endsOf('LEFT', 'echo up; until [ -e /tmp/go ]; do sleep 0.1; done; ');
    await Promise.all(ids.map((id) => untilPrinted(service, id, 'up')));
    const containers = await containersOf(service);
    expect(containers).toHaveLength(scripts.length);
    await service.kill9();
    await Promise.all(containers.map((container) => inside(container, 'touch /tmp/go')));
    await Promise.all(containers.map((container) => engine().getContainer(container).wait()));
    await service.start();
    expect(await Promise.all(ids.map((id) => finishRun(service, id)))).toMatchObject(told);
    expect(unsaid).toBeGreaterThanOrEqual(LEAST_UNSAID);
  });
});
