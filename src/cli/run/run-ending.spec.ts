import { describe, expect, it } from 'vitest';

import { closingLine, exitCodeOf } from './run-ending.js';
import type { RunView } from './run-view.js';

function ended(status: string, exitCode: number | null, reason: string | null = null): RunView {
  return { id: 'R', status, exitCode, reason, message: null } as RunView;
}

describe('exitCodeOf', () => {
  it.each([
    [0, ended('succeeded', 0)],
    [0, ended('succeeded', 0, 'child_out_of_memory')],
    [7, ended('failed', 7, 'exit_code')],
    [120, ended('failed', 120, 'exit_code')],
    [125, ended('failed', 137, 'disk_limit')],
    [125, ended('failed', null, 'control_unavailable')],
    [137, ended('out_of_memory', 137, 'memory_limit')],
    [137, ended('out_of_memory', null, 'memory_limit')],
    [124, ended('timed_out', 143, 'timeout')],
    [130, ended('cancelled', 143, 'cancelled')],
    [125, ended('lost', 137, 'engine_restarted')],
    [125, ended('a-state-of-a-later-version', 0)],
  ])('is %d', (code, run) => {
    expect(exitCodeOf(run)).toBe(code);
  });
});

describe('closingLine', () => {
  it('says nothing of what went as it should', () => {
    expect(closingLine(ended('succeeded', 0))).toBeNull();
  });

  it.each([
    ['run R failed with exit code 7', ended('failed', 7, 'exit_code')],
    ['run R succeeded (child_out_of_memory)', ended('succeeded', 0, 'child_out_of_memory')],
    ['run R cancelled', ended('cancelled', 143, 'cancelled')],
    ['run R lost (service_restarted)', ended('lost', null, 'service_restarted')],
  ])('says: %s', (line, run) => {
    expect(closingLine(run)).toBe(line);
  });
});
