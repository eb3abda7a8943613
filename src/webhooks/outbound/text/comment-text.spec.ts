import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { commentText, durationText, MOST_OUTPUT_BYTES, type CommentInput } from './comment-text.js';
import { codeBlock, codeSpan } from './markdown.js';
import { lastLines, plainText } from './plain-text.js';

const RUN = '01K8Z3Q5V7W9X1Y3Z5A7B9C1D3';

function input(output: string, more: Partial<CommentInput> = {}): CommentInput {
  const outcome = { status: 'failed', exitCode: 3, reason: 'exit_code', message: null } as const;
  const facts = { issue: 'MT-1', outcome, startedAt: 1000, endedAt: 66_000 };
  return { runId: RUN, facts, message: null, output, outputLines: 20, linkBaseUrl: '', ...more };
}

it('says how a run ended, how long it took, and what it printed last', () => {
  const text = commentText(input('a\nb\n', { linkBaseUrl: 'https://ci.example.com/x/' }));
  expect(text).toBe(
    [
      `**Risoluto**: run \`${RUN}\` **failed**.`,
      '- Exit code: `3`\n- Reason: `exit_code`\n- Duration: 1 min 5 s',
      'The last lines of its output:',
      '```text\na\nb\n```',
      `[Run](<https://ci.example.com/x/api/v1/runs/${RUN}>) · [Output](<https://ci.example.com/x/api/v1/runs/${RUN}/output>) · [Change](<https://ci.example.com/x/api/v1/runs/${RUN}/diff>)`,
    ].join('\n\n'),
  );
});

it('says that a run started, and of one that never did that it did not', () => {
  const started = { issue: 'MT-1', outcome: null, startedAt: 5, endedAt: null };
  expect(commentText(input('x', { facts: started }))).toBe(
    `**Risoluto** started run \`${RUN}\` in workspace \`MT-1\`.`,
  );
  const linkBaseUrl = 'https://ci.example.com';
  expect(commentText(input('x', { facts: started, linkBaseUrl }))).not.toContain('/diff');
  const outcome = {
    status: 'cancelled',
    exitCode: null,
    reason: 'cancelled',
    message: null,
  } as const;
  const never = { issue: 'MT-1', outcome, startedAt: null, endedAt: null };
  const neverText = commentText(input('', { facts: never, linkBaseUrl }));
  expect(neverText).toContain('never started');
  expect(neverText).not.toContain('/diff');
});

it('holds what an agent said last, as text that marks and mentions nothing, and not more than it may', () => {
  const said = 'Done, @everyone.\n```\n[a link](https://evil.example)\n\u001b[31m# not a heading';
  const text = commentText(input('', { message: `${said}\n` }));
  expect(text).toContain(
    'What the agent said last:\n\n````text\nDone, @everyone.\n```\n[a link](https://evil.example)\n# not a heading\n````',
  );
  expect(text).not.toContain('of its output');
  const long = commentText(input('', { message: 'é'.repeat(20_000) }));
  const shown = /```text\n(.*)\n```/s.exec(long)?.[1] ?? '';
  expect(shown).toMatch(/^é+…$/);
  expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(MOST_OUTPUT_BYTES);
  expect(Buffer.byteLength(shown)).toBeGreaterThan(MOST_OUTPUT_BYTES - 4);
});

describe('what a program printed', () => {
  it('shows no lines where none are wanted, else so many, and so many bytes', () => {
    const many = Array.from({ length: 100 }, (_, index) => `line ${index}`).join('\n');
    expect(commentText(input(many, { outputLines: 0 }))).not.toContain('output');
    expect(commentText(input(many, { outputLines: 2 }))).toContain(
      '```text\nline 98\nline 99\n```',
    );
    const long = commentText(input('€'.repeat(100_000)));
    expect(Buffer.byteLength(long)).toBeLessThan(MOST_OUTPUT_BYTES + 500);
    expect(long).not.toContain('\ufffd');
  });

  it('loses colours, what was written over, and what turns text around or cannot be seen', () => {
    const raw =
      '\u001b[1;31mred\u001b[0m \u001b]0;title\u0007\u001b(Bx\r\n10%\r50%\r100%\na\u202eb\u200bc\u0000\td\u009b1mz';
    expect(plainText(raw)).toBe('red x\n100%\nabc\tdz');
    expect(plainText('open \u001b]0;never ends\nnext')).toBe('open \nnext');
  });

  it('never leaves its block', () => {
    const text = fc.array(
      fc.constantFrom('`', '```', '~~~', '\n', '@mt', ' ', '\r', '\u001b[', 'a'),
    );
    fc.assert(
      fc.property(text, (parts) => {
        const output = `x${parts.join('')}`;
        const comment = commentText(input(output));
        const shown = lastLines(plainText(output), 20, MOST_OUTPUT_BYTES);
        const [, after = ''] = comment.split('The last lines of its output:\n\n');
        const fence = /^`{3,}/.exec(after)?.[0] ?? '';
        const lines = after.split('\n');
        const end = lines.findIndex(
          (line, index) => index > 0 && new RegExp(`^ {0,3}\`{${fence.length},} *$`).test(line),
        );
        return (
          shown === '' || (end === lines.length - 1 && lines.slice(1, -1).join('\n') === shown)
        );
      }),
    );
  });

  it('takes time by its length alone', () => {
    const began = performance.now();
    for (const hostile of ['\u001b]', '\u001b[', '\r', '\u001b[0;', '`', '\u001b\u001b'])
      commentText(input(hostile.repeat(200_000)));
    expect(performance.now() - began).toBeLessThan(3000);
  });
});

it('shows a text within a line as it is, whatever marks it has', () => {
  expect(codeSpan('a`b')).toBe('``a`b``');
  expect(codeSpan('`a')).toBe('`` `a ``');
  expect(codeSpan('a\n\n# b')).toBe('`a # b`');
  expect(codeBlock('````')).toBe('`````text\n````\n`````');
});

it.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [12_340, '12.3 s'],
  [59_990, '1 min 0 s'],
  [3_599_600, '1 h 0 min'],
  [7_380_000, '2 h 3 min'],
])('says %i ms as %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
