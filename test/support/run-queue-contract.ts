import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';

import { doesAsModel, queueSteps } from './run-queue-model.js';
import type { QueueUnderTest } from './queue-under-test.js';

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
  const taken = async ({ queue }: QueueUnderTest) => (await queue.take())?.run.id ?? null;
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
      const { run, own } = (await line.queue.take())!;
      expect(run).toMatchObject({ id: ids[0], issue: 'A', status: 'preparing', turn: 1 });
      expect(run.preparingAt).toEqual(expect.any(Number));
      expect(own).toBeNull();
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

    it('gives a further turn, in the order in which turns came, to the run that asked for it', async () => {
      const line = await open();
      const [kept, behind, other] = [
        ...(await line.addKept(['A'])),
        ...(await line.add(['A', 'B'])),
      ] as [string, string, string];
      expect(await taken(line)).toBe(kept);
      await line.endTurn(kept);
      await line.addTurn(kept, ['echo', 'two']);
      const [later] = await line.add(['C']);
      expect(await taken(line)).toBe(other);
      const { run, own } = (await line.queue.take())!;
      expect(run).toMatchObject({ id: kept, status: 'preparing', turn: 2, exitCode: null });
      expect(own).toMatchObject({ command: ['echo', 'two'] });
      expect([await taken(line), await taken(line)]).toEqual([later, null]);
      await line.endTurn(kept);
      expect(await taken(line)).toBeNull();
      await line.finish(kept);
      expect(await taken(line)).toBe(behind);
    });

    it('has a further turn that was put back at its old place, with what it asked for', async () => {
      const line = await open();
      const [kept = '', ...rest] = await line.addKept(['A', 'B']);
      await taken(line);
      await line.endTurn(kept);
      expect(await taken(line)).toBe(rest[0]);
      // It was there before the turn, and still does not get the workspace in between.
      await line.add(['A']);
      await line.addTurn(kept, ['echo', 'two']);
      await line.add(['C']);
      await taken(line);
      await line.queue.putBack(kept);
      expect(await line.queue.take()).toMatchObject({
        run: { id: kept, turn: 2, status: 'preparing' },
        own: { command: ['echo', 'two'] },
      });
    });

    it('never gives a further turn that was cancelled, and then its issue to others', async () => {
      const line = await open();
      const [kept = ''] = await line.addKept(['A']);
      const [behind] = await line.add(['A']);
      await taken(line);
      await line.endTurn(kept);
      await line.addTurn(kept, ['true']);
      await line.cancel(kept);
      expect([await taken(line), await taken(line)]).toEqual([behind, null]);
    });

    it('keeps a further turn back while something of the one before is left', async () => {
      const line = await open();
      const [kept = ''] = await line.addKept(['A']);
      await taken(line);
      await line.endTurn(kept);
      await line.addTurn(kept, ['true']);
      const clear = line.leave(kept, 'A');
      const [other] = await line.add(['B']);
      expect([await taken(line), await taken(line)]).toEqual([other, null]);
      await clear();
      expect(await taken(line)).toBe(kept);
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
      await fc.assert(
        fc.asyncProperty(queueSteps, async (steps) => {
          const line = await openOne();
          try {
            await doesAsModel(line, steps);
          } finally {
            await line.close();
          }
        }),
        { numRuns: 20 },
      );
    });
  });
}
