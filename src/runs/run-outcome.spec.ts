import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { AgentVerdict } from './agents/turn-driver.js';
import { brokeOff, decideOutcome, type CommandEnd } from './run-outcome.js';

const ended: CommandEnd = {
  exitCode: 0,
  oomKilled: false,
  acknowledged: true,
  endedBy: null,
  engineWasAway: false,
  gone: false,
  outputWhole: true,
  agent: null,
};

describe('decideOutcome', () => {
  it.each([
    [{}, 'succeeded', null],
    [{ oomKilled: true }, 'succeeded', 'child_out_of_memory'],
    [{ exitCode: 1 }, 'failed', 'exit_code'],
    [{ exitCode: 137 }, 'failed', 'exit_code'],
    [{ exitCode: 137, oomKilled: true }, 'out_of_memory', 'memory_limit'],
    [{ exitCode: 1, oomKilled: true }, 'out_of_memory', 'memory_limit'],
    [{ exitCode: 137, engineWasAway: true }, 'lost', 'engine_restarted'],
    [{ exitCode: 143, engineWasAway: true }, 'lost', 'engine_restarted'],
    [{ exitCode: 3, engineWasAway: true }, 'failed', 'exit_code'],
    [{ exitCode: 0, engineWasAway: true }, 'succeeded', null],
    [{ exitCode: 143, endedBy: 'cancel' }, 'cancelled', 'cancelled'],
    [{ exitCode: 0, endedBy: 'cancel' }, 'cancelled', 'cancelled'],
    [{ exitCode: 137, endedBy: 'timeout' }, 'timed_out', 'timeout'],
    [{ exitCode: 137, endedBy: 'disk_limit' }, 'failed', 'disk_limit'],
    [{ exitCode: 137, endedBy: 'service_stopped' }, 'lost', 'service_stopped'],
    [{ exitCode: 2, acknowledged: false }, 'failed', 'start_failed'],
    [{ exitCode: 0, gone: true }, 'lost', 'container_gone'],
  ] as const)('%j is %s (%s)', (end, status, reason) => {
    expect(decideOutcome({ ...ended, ...end })).toMatchObject({ status, reason });
  });

  it('calls nothing a success that did not begin, was ended by us, or has another code than 0', () => {
    fc.assert(
      fc.property(
        fc.record({
          exitCode: fc.constantFrom(0, 1, 2, 126, 127, 137, 143, 255),
          oomKilled: fc.boolean(),
          acknowledged: fc.boolean(),
          endedBy: fc.constantFrom(null, 'cancel', 'timeout', 'disk_limit', 'service_stopped'),
          engineWasAway: fc.boolean(),
          gone: fc.boolean(),
          outputWhole: fc.boolean(),
          agent: fc.constant(null),
        }),
        (end) => {
          const { status, exitCode, message } = decideOutcome(end);
          expect(status === 'succeeded').toBe(
            end.exitCode === 0 && end.acknowledged && end.endedBy === null && !end.gone,
          );
          if (!end.outputWhole) expect(message).toContain('output could not be stored');
          expect(exitCode).toBe(end.gone ? null : end.exitCode);
        },
      ),
    );
  });
});

describe('the end of an agent', () => {
  const verdict = { status: 'failed', reason: 'model_refused', message: 'It said no.' } as const;
  const good = { status: 'succeeded', reason: null, message: null } as const;
  const agentEnd = (given: AgentVerdict, dismissed: boolean) => ({
    ...ended,
    agent: { verdict: given, dismissed, ranMs: 1 },
  });

  it.each([
    [good, true, 143, { status: 'succeeded', exitCode: 0, reason: null }],
    [good, true, 137, { status: 'succeeded', exitCode: 0 }],
    [good, false, 0, { status: 'succeeded', exitCode: 0 }],
    [verdict, true, 143, { status: 'failed', exitCode: null, reason: 'model_refused' }],
    [verdict, false, 7, { status: 'failed', exitCode: 7, message: 'It said no.' }],
  ] as const)(
    'is its verdict: %j, dismissed %j, code %i',
    (given, dismissed, exitCode, outcome) => {
      expect(decideOutcome({ ...agentEnd(given, dismissed), exitCode })).toMatchObject(outcome);
    },
  );

  it.each([
    [{ endedBy: 'cancel' }, 'cancelled'],
    [{ endedBy: 'agent_stalled' }, 'agent_stalled'],
    [{ gone: true }, 'container_gone'],
    [{ acknowledged: false }, 'start_failed'],
    [{ oomKilled: true, exitCode: 137 }, 'memory_limit'],
    [{ engineWasAway: true, exitCode: 137 }, 'engine_restarted'],
  ] as const)('is what happened to it where that is more: %j', (end, reason) => {
    expect(decideOutcome({ ...agentEnd(verdict, false), ...end })).toMatchObject({ reason });
  });

  const resumable = { ...verdict, resumable: true };
  it.each([
    [resumable, false, { exitCode: 9 }, true],
    [resumable, true, { exitCode: 143 }, true],
    [verdict, false, { exitCode: 9 }, false],
    [verdict, false, { engineWasAway: true, exitCode: 137 }, true],
    [verdict, false, { gone: true }, true],
    [good, false, { gone: true }, false],
    [good, true, { engineWasAway: true, exitCode: 137 }, false],
    [resumable, false, { oomKilled: true, exitCode: 137 }, false],
    [resumable, false, { acknowledged: false, exitCode: 9 }, false],
    [resumable, false, { endedBy: 'cancel' }, false],
    [resumable, false, { endedBy: 'agent_stalled' }, false],
  ] as const)('%j (dismissed %j, %j) may begin again: %j', (given, dismissed, end, again) => {
    expect(brokeOff({ ...agentEnd(given, dismissed), ...end })).toBe(again);
  });

  it('is never that of a command', () => {
    expect(brokeOff({ ...ended, exitCode: 137, engineWasAway: true, gone: true })).toBe(false);
  });
});
