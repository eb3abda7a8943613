import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, expect, it, vi } from 'vitest';

import { SetClock } from '../../test/support/set-clock.js';
import type { ActiveRuns } from './active-runs.js';
import { Dispatcher } from './dispatcher.js';
import type { HostReadiness } from './host-readiness.js';
import type { RunExecutor } from './run-executor.js';
import type { RunQueue } from './run-queue.js';
import type { RunEntity } from './run.entity.js';
import { RunChanges } from './run-changes.js';
import { RunSignals } from './run-signals.js';
import { WaitingRoom } from './waiting-room.js';

let dispatcher: Dispatcher | null = null;
afterEach(() => dispatcher?.stop());

it('takes a run whose pause ends while the queue is asked without it', async () => {
  const clock = new SetClock(1000);
  const room = new WaitingRoom(clock);
  const run = { id: 'R', issue: 'MT-1' } as RunEntity;
  room.putOff(run, { reason: 'engine_unavailable', message: '' });
  const pauseMs = room.nextInMs ?? 0;
  clock.ms += pauseMs - 1;
  const taken = { run, own: null };
  let queued = true;
  const take = vi.fn<RunQueue['take']>(async () => {
    const passedOver = room.issues.includes(run.issue);
    clock.ms += 1;
    if (passedOver || !queued) return null;
    queued = false;
    return taken;
  });
  const execute = vi.fn<RunExecutor['execute']>(() => Promise.resolve('finished' as never));
  dispatcher = new Dispatcher(
    {
      full: false,
      add: () => undefined,
      onFree: () => undefined,
      over: () => Promise.resolve(),
    } as unknown as ActiveRuns,
    { take } as unknown as RunQueue,
    { execute, stop: () => undefined } as unknown as RunExecutor,
    { obstacle: () => Promise.resolve(null) } as unknown as HostReadiness,
    room,
    new RunSignals(new RunChanges(), { onRequest: () => () => undefined } as never),
  );
  dispatcher.onApplicationBootstrap();
  await sleep(300);
  expect(take.mock.calls.length).toBeGreaterThan(1);
  expect(execute).toHaveBeenCalledWith(taken);
});
