import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decideOutcome, type CommandEnd } from './run-outcome.js';

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
