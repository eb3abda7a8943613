import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';

import type { RunQueue } from '../../src/runs/run-queue.js';

/** An adapter with what surrounds it in the service: who puts runs in, and who ends them. */
export interface QueueUnderTest {
  readonly queue: RunQueue;
  /** Durable when it resolves; the ids, in the order of the issues. */
  add(issues: readonly string[]): Promise<string[]>;
  /** As a client does; resolves when the run is cancelled. */
  cancel(id: string): Promise<void>;
  /** The end of a run that was taken. */
  finish(id: string): Promise<void>;
  /** Another than a run uses the workspace, until the answer is called. */
  hold(issue: string): () => void;
  /** Time goes by. */
  pass(ms: number): void;
  /** The process ends without a word, and another one opens what it left. */
  reopened(): Promise<QueueUnderTest>;
  close(): Promise<void>;
}

type Open = () => Promise<QueueUnderTest>;

const TAKERS = 40;

/** What every adapter of `RunQueue` does. */
export function describeRunQueue(adapter: string, openOne: Open): void {
  const opened: QueueUnderTest[] = [];
  const open = async (how: Open = openOne) => {
    const one = await how();
    opened.push(one);
    return one;
  };
  const taken = async ({ queue }: QueueUnderTest) => (await queue.take())?.id ?? null;
  const issues = (count: number) => Array.from({ length: count }, (_, index) => `I-${index}`);
  const manyTake = async (line: QueueUnderTest, takers: number) => {
    const ids = await Promise.all(Array.from({ length: takers }, () => taken(line)));
    return ids.filter((id) => id !== null);
  };

  describe(`RunQueue: ${adapter}`, () => {
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.close();
    });

    it('has nothing to give while nothing waits', async () => {
      const line = await open();
      expect(await taken(line)).toBeNull();
    });

    it('gives what came first first, and each run once, as `preparing`', async () => {
      const line = await open();
      const ids = await line.add(['A', 'B', 'C']);
      const run = await line.queue.take();
      expect(run).toMatchObject({ id: ids[0], issue: 'A', status: 'preparing' });
      expect(run?.preparingAt).toEqual(expect.any(Number));
      expect([await taken(line), await taken(line)]).toEqual(ids.slice(1));
      expect(await taken(line)).toBeNull();
    });

    it('gives one run of an issue at a time, and those behind it do not wait for that', async () => {
      const line = await open();
      const [first, second, other] = await line.add(['A', 'A', 'B']);
      expect([await taken(line), await taken(line), await taken(line)]).toEqual([
        first,
        other,
        null,
      ]);
      await line.finish(first!);
      expect(await taken(line)).toBe(second);
    });

    it('passes over an issue whose workspace somebody else uses', async () => {
      const line = await open();
      const [held, free] = await line.add(['A', 'B']);
      const letGo = line.hold('A');
      expect([await taken(line), await taken(line)]).toEqual([free, null]);
      letGo();
      expect(await taken(line)).toBe(held);
    });

    it('gives no run twice and one an issue, however many take at once', async () => {
      const line = await open();
      const ids = await line.add(issues(TAKERS / 2));
      await line.add(issues(TAKERS / 2));
      expect((await manyTake(line, TAKERS)).toSorted()).toEqual(ids.toSorted());
    });

    it('never gives a run that was cancelled', async () => {
      const line = await open();
      const [first, second, third] = await line.add(['A', 'B', 'C']);
      await line.cancel(second!);
      expect([await taken(line), await taken(line), await taken(line)]).toEqual([
        first,
        third,
        null,
      ]);
    });

    it('lets either the cancellation or the taker have a run', async () => {
      const line = await open();
      const ids = await line.add(issues(TAKERS));
      const [got, cancelled] = await Promise.all([
        manyTake(line, TAKERS),
        Promise.all(
          ids.toReversed().map((id) =>
            line.cancel(id).then(
              () => [id],
              () => [],
            ),
          ),
        ),
      ]);
      expect([...got, ...cancelled.flat()].toSorted()).toEqual(ids.toSorted());
    });

    it('has a run that was put back at its old place, before those that came later', async () => {
      const line = await open();
      const [first, second, third] = await line.add(['A', 'B', 'A']);
      expect([await taken(line), await taken(line)]).toEqual([first, second]);
      await line.queue.putBack(first!);
      expect(await taken(line)).toBe(first);
      await line.finish(first!);
      expect([await taken(line), await taken(line)]).toEqual([third, null]);
    });

    it('passes over a run that met an obstacle and its issue, longer each time, and no other', async () => {
      const line = await open();
      const [first, behind, other, third] = await line.add(['A', 'A', 'B', 'C']);
      const reason = { reason: 'engine_unavailable', message: 'It is away.' };
      const pauses: number[] = [];
      expect(await taken(line)).toBe(first);
      await line.queue.putBack(first!, reason);
      expect(await taken(line)).toBe(other);
      await line.queue.putBack(other!);
      expect([await taken(line), await taken(line), await taken(line)]).toEqual([
        other,
        third,
        null,
      ]);
      for (let attempt = 0; attempt < 4; attempt += 1) {
        let waited = 0;
        while ((await taken(line)) === null) {
          line.pass(250);
          waited += 250;
        }
        pauses.push(waited);
        await line.queue.putBack(first!, reason);
      }
      expect(pauses.toSorted((one, two) => one - two)).toEqual(pauses);
      expect(new Set(pauses).size).toBe(pauses.length);
      line.pass(15_000);
      expect(await taken(line)).toBe(first);
      await line.finish(first!);
      expect(await taken(line)).toBe(behind);
    });

    it('puts nothing back that waits already or is over', async () => {
      const line = await open();
      const [over, waiting] = await line.add(['A', 'B']);
      await taken(line);
      await line.finish(over!);
      await expect(line.queue.putBack(over!)).rejects.toThrow();
      await expect(line.queue.putBack(waiting!)).rejects.toThrow();
      expect([await taken(line), await taken(line)]).toEqual([waiting, null]);
    });

    it('is as it was after the process ended: order, issues and what was taken', async () => {
      const before = await open();
      const [first, second, third] = await before.add(['A', 'A', 'B']);
      expect(await taken(before)).toBe(first);
      const after = await open(() => before.reopened());
      const [last] = await after.add(['C']);
      expect([await taken(after), await taken(after), await taken(after)]).toEqual([
        third,
        last,
        null,
      ]);
      await after.queue.putBack(first!);
      expect(await taken(after)).toBe(first);
      await after.finish(first!);
      expect(await taken(after)).toBe(second);
    });

    it('gives every run of a long line once and in order', async () => {
      const line = await open();
      const ids = await line.add(issues(3000));
      const got: string[] = [];
      while (got.length < 120) got.push(...(await manyTake(line, 12)));
      expect(got).toEqual(ids.slice(0, 120));
    });

    it('does what a list in memory would, whatever is done to it', async () => {
      const step = fc.oneof(
        fc.record({ kind: fc.constant('add' as const), issue: fc.constantFrom('A', 'B', 'C') }),
        fc.record({ kind: fc.constant('take' as const) }),
        fc.record({
          kind: fc.constantFrom('cancel' as const, 'finish' as const, 'put back' as const),
          at: fc.nat(20),
        }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
          const line = await openOne();
          try {
            const model: ModelRun[] = [];
            for (const one of steps) await apply(one, line, model);
          } finally {
            await line.close();
          }
        }),
        { numRuns: 20 },
      );
    });

    interface ModelRun {
      id: string;
      issue: string;
      state: 'waiting' | 'taken' | 'over';
    }

    type Step =
      | { kind: 'add'; issue: string }
      | { kind: 'take' }
      | { kind: 'cancel' | 'finish' | 'put back'; at: number };

    async function apply(step: Step, line: QueueUnderTest, model: ModelRun[]): Promise<void> {
      if (step.kind === 'add') {
        const [id = ''] = await line.add([step.issue]);
        model.push({ id, issue: step.issue, state: 'waiting' });
      } else if (step.kind === 'take') {
        const busy = model.filter(({ state }) => state === 'taken').map(({ issue }) => issue);
        const next = model.find(({ state, issue }) => state === 'waiting' && !busy.includes(issue));
        expect(await taken(line)).toBe(next?.id ?? null);
        if (next !== undefined) next.state = 'taken';
      } else {
        const from = step.kind === 'cancel' ? 'waiting' : 'taken';
        const candidates = model.filter(({ state }) => state === from);
        const run = candidates[step.at % candidates.length];
        if (run === undefined) return;
        if (step.kind === 'cancel') await line.cancel(run.id);
        else if (step.kind === 'finish') await line.finish(run.id);
        else await line.queue.putBack(run.id);
        run.state = step.kind === 'put back' ? 'waiting' : 'over';
      }
    }
  });
}
