import { describe, expect, it } from 'vitest';

import { LocalCancelSignal } from './cancel-signal.js';
import { followRun } from './follow-run.js';
import { RunChanges } from './run-changes.js';
import { RunSignals } from './run-signals.js';
import type { RunStatus } from './run-status.js';
import type { RunRepository } from './run.repository.js';

const RUN = 'a-run';

function open(failing = false) {
  const state = { status: 'running' as RunStatus, exitCode: null, looks: 0, closed: 0 };
  const fresh: string[] = ['first'];
  const runs = { find: () => Promise.resolve({ ...state }) } as unknown as RunRepository;
  const signals = new RunSignals(new RunChanges(), new LocalCancelSignal());
  const gone = new AbortController();
  const told: string[] = [];
  const source = {
    async *news() {
      state.looks += 1;
      for (const one of fresh.splice(0)) yield await Promise.resolve(one);
    },
    close: () => void (state.closed += 1),
  };
  let wake = (): void => undefined;
  const followed = {
    runId: RUN,
    open: (given: () => void) => {
      wake = given;
      return failing ? Promise.reject(new Error('no such file')) : source;
    },
  };
  const over = (async () => {
    for await (const one of followRun({ runs, signals }, followed, gone.signal)) {
      told.push(typeof one === 'string' ? one : one.kind);
    }
  })();
  return { state, fresh, signals, gone, told, over, wake: () => wake() };
}

describe('who follows a run', () => {
  it('hears what there is, what comes, and the end behind it', async () => {
    const { state, fresh, signals, told, over, wake } = open();
    await expect.poll(() => told).toEqual(['first']);
    fresh.push('second');
    wake();
    await expect.poll(() => told).toEqual(['first', 'second']);
    fresh.push('last');
    state.status = 'succeeded';
    signals.changes.notify(RUN);

    await over;
    expect(told).toEqual(['first', 'second', 'last', 'end']);
    expect(state.closed).toBe(1);
  });

  it('waits no longer when it is gone, or the service stops', async () => {
    const left = open();
    await expect.poll(() => left.told).toEqual(['first']);
    const { looks } = left.state;
    left.gone.abort();
    await left.over;
    expect(left.state).toMatchObject({ looks, closed: 1 });

    const stopped = open();
    await expect.poll(() => stopped.told).toEqual(['first']);
    stopped.signals.stop();
    await stopped.over;
    expect(stopped.told).toEqual(['first', 'stopping']);
    expect(stopped.state.closed).toBe(1);
  });

  it('is told where there is nothing to read', async () => {
    const { over, state } = open(true);

    await expect(over).rejects.toThrow('no such file');
    expect(state).toMatchObject({ looks: 0, closed: 0 });
  });
});
