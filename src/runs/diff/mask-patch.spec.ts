import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { maskPatch } from './mask-patch.js';

async function masked(patch: string, ...values: string[]): Promise<string> {
  return String(await maskPatch(Buffer.from(patch), values));
}

const HEAD = 'diff --git a/f b/f\nindex 1..2 100644\n--- a/f\n+++ b/f\n';

describe('a patch with secrets', () => {
  it('is as it was without any', async () => {
    expect(await masked(`${HEAD}@@ -1 +1 @@\n-a\n+b\n`)).toBe(`${HEAD}@@ -1 +1 @@\n-a\n+b\n`);
  });

  it('loses a value of several lines on either side, and keeps its lines', async () => {
    const value = 'one\ntwo\nthree';
    const patch = `${HEAD}@@ -1,4 +1,4 @@ f\n-one\n-two\n-three\n+x one\n+two\n+three y\n rest\n`;
    expect(await masked(patch, value)).toBe(
      `${HEAD}@@ -1,4 +1,4 @@ f\n-***\n-***\n-***\n+x ***\n+***\n+*** y\n rest\n`,
    );
  });

  it('loses one that is partly context, and one whose other side is between its lines', async () => {
    const value = 'one\ntwo\nthree';
    const patch = `${HEAD}@@ -1,3 +1,3 @@\n one\n-zwei\n+two\n three\n`;
    expect(await masked(patch, value)).toBe(`${HEAD}@@ -1,3 +1,3 @@\n ***\n-zwei\n+***\n ***\n`);
  });

  it('loses an encoded value that is wrapped', async () => {
    const value = 'a secret that is longer than one line of the file';
    const lines =
      Buffer.from(value)
        .toString('base64')
        .match(/.{1,16}/g) ?? [];
    const added = lines.map((line) => `+${line}\n`).join('');
    const patch = await masked(`${HEAD}@@ -0,0 +1,${lines.length} @@\n${added}`, value);
    expect(patch).not.toContain(lines[0]);
    expect(patch).not.toContain(lines[2]);
  });

  it('loses it in names and in the heads of hunks', async () => {
    const patch = 'rename from x-hunter22\nrename to y\n@@ -1 +1 @@ function hunter22()\n-a\n+b\n';
    expect(await masked(patch, 'hunter22')).not.toContain('hunter22');
  });

  it('takes what looks like a head inside a hunk for what it is', async () => {
    const patch = `${HEAD}@@ -1,2 +1,3 @@\n @@ -1 +1 @@\n+one\n two\n`;
    expect(await masked(patch, 'one\ntwo')).toBe(
      `${HEAD}@@ -1,2 +1,3 @@\n @@ -1 +1 @@\n+***\n ***\n`,
    );
  });

  it('has no value left in either side of any hunk', async () => {
    const line = fc.stringMatching(/^[ab]{0,3}$/);
    const signed = fc.tuple(fc.constantFrom(' ', '+', '-'), line);
    const value = fc
      .array(line, { minLength: 1, maxLength: 4 })
      .map((lines) => `${lines.join('\n')}b`);
    await fc.assert(
      fc.asyncProperty(
        fc.array(signed, { minLength: 1, maxLength: 30 }),
        value,
        async (rows, secret) => {
          const side = (other: string) => rows.filter(([sign]) => sign !== other);
          const head = `@@ -1,${side('+').length} +1,${side('-').length} @@\n`;
          const patch = head + rows.map(([sign, text]) => `${sign}${text}\n`).join('');
          const found = await masked(patch, secret);
          if (!found.startsWith(head)) return;
          const lines = found.slice(head.length).split('\n').slice(0, -1);
          for (const other of ['+', '-']) {
            const text = lines.filter((one) => !one.startsWith(other)).map((one) => one.slice(1));
            expect(text.join('\n')).not.toContain(secret);
          }
        },
      ),
    );
  });
});
