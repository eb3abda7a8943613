import { spawnSync } from 'node:child_process';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { acknowledgement, encodeFrame, newNonce } from './frame.js';

const bytes = fc.uint8Array({ min: 1, max: 255, maxLength: 40 }).map((array) => Buffer.from(array));
const name = fc.stringMatching(/^X[A-Za-z0-9_]{0,8}$/);

/** What a real `/bin/sh -s` of this machine does with a frame; input ends after it. */
function shell(input: Buffer) {
  return spawnSync('/bin/sh', ['-s'], { input, env: { PATH: '/usr/local/bin:/usr/bin:/bin' } });
}

const dump = [
  'perl',
  '-e',
  'print join("\\0", map({ "$_=$ENV{$_}" } sort grep { /^X/ } keys %ENV), @ARGV)',
  '--',
];

describe('encodeFrame', () => {
  it('carries any bytes in values and arguments unchanged', () => {
    fc.assert(
      fc.property(
        fc.dictionary(name, bytes, { maxKeys: 4 }),
        fc.array(bytes, { maxLength: 4 }),
        (env, args) => {
          const nonce = newNonce();
          const { stdout, stderr } = shell(encodeFrame({ env, argv: [...dump, ...args], nonce }));
          const lines = Object.keys(env)
            .sort()
            .map((key) => Buffer.concat([Buffer.from(`${key}=`), env[key] as Buffer]));
          const expected = [...lines, ...args].map((part) => part.toString('latin1')).join('\0');
          expect(stderr.toString()).toBe('');
          expect(stdout.toString('latin1')).toBe(acknowledgement(nonce).toString() + expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('runs nothing of a frame that is cut, wherever it is cut', () => {
    const nonce = newNonce();
    const frame = encodeFrame({
      env: { XA: "a'b\n}\n", XB: '' },
      argv: ['echo', 'ran', "it's } done"],
      nonce,
    });
    for (let length = 0; length < frame.length; length += 1) {
      expect(shell(frame.subarray(0, length)).stdout.toString(), `cut at ${length}`).toBe('');
    }
    expect(shell(frame).stdout.toString()).toBe(
      `${acknowledgement(nonce).toString()}ran it's } done\n`,
    );
  });

  it('gives the command /dev/null as input, and its own exit code', () => {
    const nonce = newNonce();
    const frame = encodeFrame({
      env: {},
      argv: ['sh', '-c', 'cat; readlink /proc/self/fd/0; exit 7'],
      nonce,
    });
    const { stdout, status } = shell(Buffer.concat([frame, Buffer.from('\necho second frame\n')]));
    expect(stdout.toString()).toBe(`${acknowledgement(nonce).toString()}/dev/null\n`);
    expect(status).toBe(7);
  });

  it('ends with 127 when there is no such command', () => {
    const { status } = shell(
      encodeFrame({ env: {}, argv: ['no-such-command-here'], nonce: newNonce() }),
    );
    expect(status).toBe(127);
  });

  it('refuses what no shell could carry', () => {
    expect(() => encodeFrame({ env: { IFS: 'x' }, argv: ['a'], nonce: newNonce() })).toThrow(
      expect.objectContaining({ code: 'environment_refused' }),
    );
    expect(() => encodeFrame({ env: {}, argv: [], nonce: newNonce() })).toThrow(
      expect.objectContaining({ code: 'validation_failed' }),
    );
    expect(() => encodeFrame({ env: {}, argv: ['a'], nonce: "x'; id" })).toThrow(TypeError);
  });
});
