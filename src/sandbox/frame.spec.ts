import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { acknowledgement, encodeFrame, newNonce } from './frame.js';

const bytes = fc.uint8Array({ min: 1, max: 255, maxLength: 40 }).map((array) => Buffer.from(array));
const name = fc.stringMatching(/^X[A-Za-z0-9_]{0,8}$/);

/** What a real `/bin/sh -s` of this machine does with a frame; input ends after it. */
function shell(input: Buffer) {
  return spawnSync('/bin/sh', ['-s'], { input, env: { PATH: '/usr/local/bin:/usr/bin:/bin' } });
}

/** With a directory of its own, which is gone after it. */
function inDirectory(work: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'risoluto-frame-'));
  try {
    work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
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

  it('keeps the input of an agent, which reads what comes after the acknowledgement', async () => {
    const nonce = newNonce();
    const frame = encodeFrame({ env: {}, argv: ['cat'], nonce, input: 'open' });
    const child = spawn('/bin/sh', ['-s'], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.write(Buffer.concat([frame, Buffer.from('\n')]));
    const [first] = (await once(child.stdout, 'data')) as [Buffer];
    expect(first.toString()).toBe(acknowledgement(nonce).toString());
    child.stdin.end('$(id)\nsecond line');
    expect(await text(child.stdout)).toBe('$(id)\nsecond line');
  });

  it('gives a text as input, and then its end', () => {
    inDirectory((home) => {
      const nonce = newNonce();
      const argv = ['sh', '-c', 'cat; umask'];
      const frame = encodeFrame({ env: {}, argv, nonce, input: { text: "it's $HOME\n%s\\n" } });
      const moved = frame.toString('latin1').replaceAll('/home/agent', home);
      const mask = shell(Buffer.from('umask')).stdout.toString();
      const { stdout, stderr } = shell(Buffer.from(moved, 'latin1'));
      expect(stderr.toString()).toBe('');
      expect(stdout.toString()).toBe(
        `${acknowledgement(nonce).toString()}it's $HOME\n%s\\n${mask}`,
      );
      expect(readdirSync(join(home, '.codex-runtime'))).toEqual([]);
    });
  });

  it('writes files and links that only their owner reads, in place of what was there', () => {
    inDirectory((home) => {
      mkdirSync(join(home, 'old'));
      writeFileSync(join(home, 'victim'), 'untouched');
      symlinkSync(join(home, 'victim'), join(home, 'old/config'));
      const content = "a'b\n\\n%s";
      const frame = encodeFrame({
        env: {},
        argv: ['true'],
        nonce: newNonce(),
        files: {
          files: [
            { path: join(home, 'old/config'), text: content },
            { path: join(home, "new dir/-x/it's"), text: '' },
          ],
          links: [{ path: join(home, 'old/sessions'), target: join(home, 'kept/sessions') }],
        },
      });
      const { stderr, status } = shell(frame);
      expect([stderr.toString(), status]).toEqual(['', 0]);
      const modeOf = (path: string) => statSync(join(home, path)).mode & 0o777;
      expect(readFileSync(join(home, 'old/config'), 'utf8')).toBe(content);
      expect(readFileSync(join(home, 'victim'), 'utf8')).toBe('untouched');
      expect(readlinkSync(join(home, 'old/sessions'))).toBe(join(home, 'kept/sessions'));
      expect([modeOf('old/config'), modeOf("new dir/-x/it's"), modeOf('new dir')]).toEqual([
        0o600, 0o600, 0o700,
      ]);
      expect(modeOf('kept/sessions')).toBe(0o700);
    });
  });

  it('runs nothing where a file cannot be written', () => {
    const files = { files: [{ path: '/proc/no-such/file', text: '' }], links: [] };
    const frame = encodeFrame({ env: {}, argv: ['echo', 'ran'], nonce: newNonce(), files });
    const { stdout, status } = shell(frame);
    expect([stdout.includes('ran'), status]).toEqual([false, 126]);
  });

  it('has variables of ours that nobody else may set', () => {
    const nonce = newNonce();
    const argv = ['sh', '-c', 'echo "$RISOLUTO_ROUTE_MODEL"'];
    const own = { RISOLUTO_ROUTE_MODEL: 'http://gateway/r/model' };
    const frame = encodeFrame({ env: {}, own, argv, nonce });
    expect(shell(frame).stdout.toString()).toBe(
      `${acknowledgement(nonce).toString()}http://gateway/r/model\n`,
    );
    expect(() => encodeFrame({ env: own, argv, nonce })).toThrow(/environment/);
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
