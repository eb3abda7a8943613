import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  ACTIVE_STATUSES,
  FINAL_STATUSES,
  IllegalTransitionError,
  RUN_STATUSES,
  assertTransition,
  canBecome,
  isFinal,
  type RunStatus,
} from './run-status.js';

const status = fc.constantFrom(...RUN_STATUSES);

describe('the states of a run', () => {
  it('never leave a final one', () => {
    fc.assert(
      fc.property(status, status, (from, to) => {
        if (isFinal(from)) expect(canBecome(from, to)).toBe(false);
      }),
    );
    expect(RUN_STATUSES.filter(isFinal)).toEqual([...FINAL_STATUSES]);
  });

  it('reach a final one from everywhere, and run only after having been prepared', () => {
    for (const from of RUN_STATUSES) {
      if (!isFinal(from)) expect(reachable(from).some(isFinal)).toBe(true);
    }
    expect(RUN_STATUSES.filter((from) => canBecome(from, 'running'))).toEqual(['preparing']);
  });

  it('never go back to the queue once the command may have begun, but by a further turn or attempt', () => {
    expect(reachable('running', new Set(['idle', 'preparing']))).not.toContain('queued');
    expect(ACTIVE_STATUSES.some(isFinal)).toBe(false);
  });

  it('are idle after a turn alone, from where another one begins or the run ends', () => {
    expect(RUN_STATUSES.filter((from) => canBecome(from, 'idle'))).toEqual([
      'preparing',
      'running',
    ]);
    expect(RUN_STATUSES.filter((to) => canBecome('idle', to))).toEqual([
      'preparing',
      ...FINAL_STATUSES,
    ]);
    expect(isFinal('idle')).toBe(false);
  });

  it('refuse what the table does not hold', () => {
    expect(() => assertTransition('succeeded', 'failed')).toThrow(IllegalTransitionError);
    expect(() => assertTransition('queued', 'running')).toThrow('queued cannot become running');
    expect(() => assertTransition('preparing', 'running')).not.toThrow();
  });
});

/** Beside those that are in `seen` already, through which no way goes. */
function reachable(from: RunStatus, seen = new Set<RunStatus>()): RunStatus[] {
  for (const to of RUN_STATUSES) {
    if (!canBecome(from, to) || seen.has(to)) continue;
    seen.add(to);
    reachable(to, seen);
  }
  return [...seen];
}
