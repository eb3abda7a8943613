import { describe, expect, it } from 'vitest';

import { programText } from './program-text.js';

/** The elements that are free for values of an event. */
function free(...command: string[]): string[] {
  const texts = programText(command);
  return command.filter((_, index) => !texts.has(index));
}

describe('the places of a command that an interpreter runs', () => {
  it.each([
    [['make', 'X'], ['X']],
    [
      ['grep', 'node', 'X'],
      ['node', 'X'],
    ],
    [
      ['sh', '-c', 'script', 'a0', 'X'],
      ['a0', 'X'],
    ],
    [['/bin/bash', '-euo', 'pipefail', '-c', 'script', 'X'], ['X']],
    [['bash', '-o', 'pipefail', '-c', 'script', 'X'], ['X']],
    [['bash', '-c', '-o', 'pipefail', 'script', 'X'], ['X']],
    [['bash', '-c', '--', 'script', 'X'], ['X']],
    [['sh', 'file.sh', 'X'], ['X']],
    [['sh', 'X'], []],
    [['dash', '-s', 'X'], []],
    [['env', 'A=1', 'sh', '-c', 'X'], ['A=1']],
    [['timeout', '5', 'bash', '-c', 'X', 'Y'], ['Y']],
    [
      ['env', 'A=X', '-i', 'X', 'Y'],
      ['A=X', 'Y'],
    ],
    [['sudo', 'X', 'Y'], ['Y']],
    [['busybox', 'sh', '-c', 'X'], []],
    [['python3', '-c', 'code', 'X'], ['X']],
    [['python3', '-m', 'module', 'X'], ['X']],
    [['python3.12', 'file.py', 'X'], ['X']],
    [['python3', '-W', 'ignore', '-c', 'X'], []],
    [['node', '-e', 'code', 'X'], ['X']],
    [['node', '--eval=X'], []],
    [['node', 'file.js', 'X'], ['X']],
    [['perl', '-ne', 'code', 'X'], ['X']],
    [['perl', '-e', 'code', '-e', 'X', 'Y'], ['Y']],
    [['awk', '-v', 'a=1', 'X', 'file'], ['file']],
    [['sed', '-n', 'X', 'file'], ['file']],
    [['su', 'user', '-c', 'X'], []],
    [['ssh', 'host', 'X'], []],
    [['X'], []],
  ])('of %j the free ones are %j', (command, expected) => {
    expect(free(...command)).toEqual(expected);
  });
});
