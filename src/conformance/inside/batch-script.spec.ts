import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { batchCommand, findingsOf, readBatch } from './batch-script.js';

const run = promisify(execFile);

describe('a batch of scripts', () => {
  it('tells what each printed and how it ended, by a real shell', async () => {
    const scripts = new Map([
      ['P1', 'echo "a 1"; echo "b 2" >&2; exit 3'],
      ['P2', 'printf none-at-its-end'],
      ['P3', 'cat; kill -9 $$'],
    ]);
    const [command = '', ...args] = batchCommand('m4rk', scripts);
    const { stdout } = await run(command, args);
    const answers = readBatch('m4rk', [...scripts.keys(), 'P4'], stdout);
    expect(findingsOf(answers.get('P1')!)).toEqual({ a: '1', b: '2' });
    expect(answers.get('P1')!.exitCode).toBe(3);
    expect(answers.get('P2')).toEqual({ output: 'none-at-its-end', exitCode: 0 });
    expect(answers.get('P3')!.exitCode).toBe(137);
    expect(answers.get('P4')).toEqual({ output: '', exitCode: null });
  });

  it('takes what was cut for not ended, and whatever was printed for what it is', () => {
    const cut = '\nm begin A\nsome\nm end A x\n\nm begin B\nlast';
    expect(readBatch('m', ['A', 'B'], cut)).toEqual(
      new Map([
        ['A', { output: 'some', exitCode: null }],
        ['B', { output: 'last', exitCode: null }],
      ]),
    );
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        const text = `\nm4rk begin A\n${one}\nm4rk end A 0\n\nm4rk begin B\n${other}\nm4rk end B 1\n`;
        const answers = readBatch('m4rk', ['A', 'B'], text);
        expect(answers.get('A')).toEqual({ output: one, exitCode: 0 });
        expect(answers.get('B')).toEqual({ output: other, exitCode: 1 });
      }),
    );
  });
});
