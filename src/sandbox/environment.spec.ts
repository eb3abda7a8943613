import { describe, expect, it } from 'vitest';

import {
  ARGUMENT_LIMIT_BYTES,
  COMMAND_LIMIT_BYTES,
  validateArgv,
  validateCommandSize,
  validateEnvironment,
} from './environment.js';

function fieldsOf(work: () => void): unknown {
  try {
    work();
    return null;
  } catch (error) {
    const { code, details } = error as { code: string; details: { field: string }[] };
    return [code, details.map(({ field }) => field)];
  }
}

describe('validateEnvironment', () => {
  it.each([
    'BASH_ENV',
    'ENV',
    'IFS',
    'LD_PRELOAD',
    'LD_LIBRARY_PATH',
    'PS4',
    'SHELLOPTS',
    'BASHOPTS',
    'HOME',
    'CODEX_HOME',
    'TMPDIR',
    'PATH',
    'PWD',
    'OLDPWD',
    'PPID',
    'UID',
    'GLIBC_TUNABLES',
    'GCONV_PATH',
    'BASH_FUNC_x',
    'RISOLUTO_WRITE_TOKEN',
    '_',
  ])('refuses the reserved name %s', (name) => {
    expect(fieldsOf(() => validateEnvironment({ [name]: 'x' }))).toEqual([
      'environment_refused',
      [`env.${name}`],
    ]);
  });

  it.each(['', '1A', 'A-B', 'A B', 'A=B', 'Ä', 'A\n', 'A;B', '$A', 'A'.repeat(257)])(
    'refuses the name %j',
    (name) => {
      expect(fieldsOf(() => validateEnvironment({ [name]: 'x' }))).not.toBeNull();
    },
  );

  it('refuses NUL, half a surrogate pair and 128 KiB, and names all of them', () => {
    const long = 'x'.repeat(ARGUMENT_LIMIT_BYTES - 'C='.length);
    const env = { A: 'a\0b', B: '\ud800', C: long, D: long.slice(1), E: '' };
    expect(fieldsOf(() => validateEnvironment(env))).toEqual([
      'environment_refused',
      ['env.A', 'env.B', 'env.C'],
    ]);
  });

  it('takes ordinary names', () => {
    expect(
      fieldsOf(() => validateEnvironment({ CI: '1', _x: "'", npm_config_cache: '/x' })),
    ).toBeNull();
  });
});

describe('validateArgv', () => {
  it.each([
    [[], ['command']],
    [[''], ['command']],
    [['-c'], ['command.0']],
    [['a', 'b\0'], ['command.1']],
    [['a', '\udc00'], ['command.1']],
    [['a', '', 'x'.repeat(ARGUMENT_LIMIT_BYTES)], ['command.2']],
  ])('refuses %j', (argv, fields) => {
    expect(fieldsOf(() => validateArgv(argv))).toEqual(['validation_failed', fields]);
  });

  it('takes empty, long and odd arguments', () => {
    expect(
      fieldsOf(() => validateArgv(['sh', '', '-', '\n', 'x'.repeat(ARGUMENT_LIMIT_BYTES - 1)])),
    ).toBeNull();
  });
});

describe('validateCommandSize', () => {
  it('bounds the whole, pointers included', () => {
    expect(fieldsOf(() => validateCommandSize({}, Array(100_000).fill('a')))).toBeNull();
    expect(fieldsOf(() => validateCommandSize({}, Array(200_000).fill('a')))).toEqual([
      'validation_failed',
      ['command'],
    ]);
    const half = 'x'.repeat(COMMAND_LIMIT_BYTES / 2);
    expect(fieldsOf(() => validateCommandSize({ A: half }, [half]))).not.toBeNull();
  });
});
