import { afterEach, describe, expect, it, vi } from 'vitest';

import { SystemClock } from './clock.js';
import { LaneLoop, type LaneJob } from './lane-loop.js';

/** Jobs that wait in order, until a test ends them. */
function bench(atOnce: number) {
  const waiting: LaneJob[] = [];
  const running = new Map<LaneJob, (quietMs: number | null | Error) => void>();
  const begun: string[] = [];
  const state = { next: null as number | null, looks: 0, troubles: [] as unknown[] };
  const work = {
    atOnce,
    longestPauseMs: 60_000,
    due() {
      state.looks += 1;
      return Promise.resolve([...waiting]);
    },
    nextInMs: () => Promise.resolve(state.next),
    work: (job: LaneJob) =>
      new Promise<number | null>((resolve, reject) => {
        waiting.splice(waiting.indexOf(job), 1);
        begun.push(job.lane);
        running.set(job, (how) => {
          running.delete(job);
          if (how instanceof Error) reject(how);
          else resolve(how);
        });
      }),
    trouble: (error: unknown) => void state.troubles.push(error),
  };
  const loop = new LaneLoop(work, new SystemClock());
  const add = (...lanes: string[]) => waiting.push(...lanes.map((lane) => ({ lane })));
  const end = (how: number | null | Error = null) => [...running.values()][0]?.(how);
  return { loop, add, end, begun, running, state };
}

const soon = (check: () => void) => vi.waitFor(check, { timeout: 5000, interval: 5 });

describe('a loop over lanes', () => {
  let stop: () => Promise<void> = () => Promise.resolve();
  afterEach(() => stop());

  function started(atOnce: number) {
    const made = bench(atOnce);
    stop = () => {
      const stopped = made.loop.stop();
      while (made.running.size > 0) made.end();
      return stopped;
    };
    return made;
  }

  it('works on as many lanes as it may, and on one job of each', async () => {
    const { loop, add, begun, end, running } = started(2);
    add('a', 'a', 'b', 'c');
    loop.poke();
    await soon(() => expect(begun).toEqual(['a', 'b']));
    end();
    await soon(() => expect(begun).toEqual(['a', 'b', 'a']));
    end();
    await soon(() => expect(begun).toEqual(['a', 'b', 'a', 'c']));
    expect(running.size).toBe(2);
  });

  it('looks again when the next job is due', async () => {
    const { loop, add, begun, state } = started(1);
    state.next = 60;
    loop.poke();
    await soon(() => expect(state.looks).toBe(1));
    add('a');
    await soon(() => expect(begun).toEqual(['a']));
  });

  it('begins nothing of any lane while a job asks for quiet', async () => {
    const { loop, add, begun, end } = started(1);
    add('a', 'b');
    loop.poke();
    await soon(() => expect(begun).toEqual(['a']));
    const ended = performance.now();
    end(200);
    await soon(() => expect(begun).toEqual(['a', 'b']));
    expect(performance.now() - ended).toBeGreaterThan(190);
  });

  it('tells what is wrong, and goes on a second later', async () => {
    const { loop, add, begun, end, state } = started(1);
    add('a', 'b');
    loop.poke();
    await soon(() => expect(begun).toEqual(['a']));
    end(new Error('no luck'));
    await soon(() => expect(begun).toEqual(['a', 'b']));
    expect(state.troubles).toEqual([new Error('no luck')]);
  });

  it('stops when what is under way has ended, and begins nothing more', async () => {
    const { loop, add, begun, end } = started(1);
    add('a', 'b');
    loop.poke();
    await soon(() => expect(begun).toEqual(['a']));
    let stopped = false;
    const stopping = loop.stop().then(() => (stopped = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(stopped).toBe(false);
    end();
    await stopping;
    loop.poke();
    expect(begun).toEqual(['a']);
  });
});
