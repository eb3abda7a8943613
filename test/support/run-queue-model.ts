import fc from 'fast-check';
import { expect } from 'vitest';

import type { QueueUnderTest } from './queue-under-test.js';

interface ModelRun {
  id: string;
  issue: string;
  kept: boolean;
  /** `waits`: it is idle and its next turn is in line. */
  state: 'waiting' | 'taken' | 'idle' | 'waits' | 'over';
  turn: number;
  /** When its current turn came. */
  came: number;
}

type Change = 'cancel' | 'finish' | 'put back' | 'end turn' | 'add turn';

type Step =
  | { kind: 'add' | 'add kept'; issue: string }
  | { kind: 'take' }
  | { kind: 'change'; change: Change; at: number };

const CHANGES = ['cancel', 'finish', 'put back', 'end turn', 'add turn'] as const;

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('add' as const, 'add kept' as const),
    issue: fc.constantFrom('A', 'B', 'C'),
  }),
  fc.record({ kind: fc.constant('take' as const) }),
  fc.record({
    kind: fc.constant('change' as const),
    change: fc.constantFrom(...CHANGES),
    at: fc.nat(20),
  }),
);

/** What is done to a queue and to those around it. */
export const queueSteps = fc.array(step, { maxLength: 40 });

const CAN: Readonly<Record<Change, (run: ModelRun) => boolean>> = {
  cancel: ({ state }) => state === 'waiting' || state === 'waits',
  finish: ({ state }) => state === 'taken' || state === 'idle',
  'put back': ({ state }) => state === 'taken',
  'end turn': ({ state, kept }) => state === 'taken' && kept,
  'add turn': ({ state }) => state === 'idle',
};

const AFTER: Readonly<Record<Change, (run: ModelRun) => ModelRun['state']>> = {
  cancel: () => 'over',
  finish: () => 'over',
  'put back': ({ turn }) => (turn === 1 ? 'waiting' : 'waits'),
  'end turn': () => 'idle',
  'add turn': () => 'waits',
};

/** Holds a queue against a list in memory, step by step. */
export async function doesAsModel(line: QueueUnderTest, steps: readonly Step[]): Promise<void> {
  const model: ModelRun[] = [];
  for (const [came, one] of steps.entries()) {
    if (one.kind === 'take') {
      await takeNext(line, model);
    } else if (one.kind === 'change') {
      await change(line, model, { ...one, came });
    } else {
      const kept = one.kind === 'add kept';
      const [id = ''] = await (kept ? line.addKept([one.issue]) : line.add([one.issue]));
      model.push({ id, issue: one.issue, kept, state: 'waiting', turn: 1, came });
    }
  }
}

async function change(
  line: QueueUnderTest,
  model: readonly ModelRun[],
  { change: kind, at, came }: { change: Change; at: number; came: number },
): Promise<void> {
  const candidates = model.filter(CAN[kind]);
  const run = candidates[at % candidates.length];
  if (run === undefined) return;
  if (kind === 'cancel') await line.cancel(run.id);
  else if (kind === 'finish') await line.finish(run.id);
  else if (kind === 'end turn') await line.endTurn(run.id);
  else if (kind === 'put back') await line.queue.putBack(run.id);
  else await line.addTurn(run.id, ['true']);
  if (kind === 'add turn') Object.assign(run, { turn: run.turn + 1, came });
  run.state = AFTER[kind](run);
}

async function takeNext(line: QueueUnderTest, model: readonly ModelRun[]): Promise<void> {
  const holding = ['taken', 'idle', 'waits'];
  const busy = model.filter(({ state }) => holding.includes(state)).map(({ issue }) => issue);
  const [next] = model
    .filter(
      ({ state, issue }) => state === 'waits' || (state === 'waiting' && !busy.includes(issue)),
    )
    .toSorted((one, other) => one.came - other.came);
  const got = await line.queue.take();
  expect([got?.run.id, got?.run.turn]).toEqual([next?.id, next?.turn]);
  if (next !== undefined) next.state = 'taken';
}
