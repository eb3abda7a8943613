import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { transcript } from '../../../test/support/codex/transcript.js';
import { CodexReader } from './codex-reader.js';
import { hear, SILENCE } from './conversation.js';

function eventsOf(name: string) {
  const reader = new CodexReader();
  return transcript(name).flatMap((line) => [...reader.push(line)]);
}

describe('Codex’s lines as events', () => {
  it('say what it thought, ran, changed and answered, and what that took', () => {
    expect(eventsOf('work')).toEqual([
      { type: 'reasoning', text: 'Looking at the files first.' },
      {
        type: 'command',
        text: "$ /bin/bash -lc 'echo hi; exit 3'\nhi",
        data: { status: 'failed', exitCode: 3, durationMs: expect.any(Number) },
      },
      { type: 'usage', text: '100 tokens in, 20 out', data: usage(100, 10, 20, 5) },
      {
        type: 'file_change',
        text: 'add /workspace/a.txt',
        data: { status: 'completed', changes: [{ path: '/workspace/a.txt', kind: 'add' }] },
      },
      { type: 'usage', text: '220 tokens in, 29 out', data: usage(220, 10, 29, 5) },
      { type: 'message', text: 'all done' },
      { type: 'usage', text: '350 tokens in, 36 out', data: usage(350, 110, 36, 5) },
    ]);
  });

  it('say what it asked for, with the files that a change is of', () => {
    const asked = eventsOf('approved').filter(({ type }) => type === 'approval');

    expect(asked.map(({ text }) => text)).toEqual([
      "Codex asks to be allowed:\n$ /bin/bash -lc 'touch x.txt'\nin /workspace",
      'Codex asks to be allowed:\nadd /workspace/c.txt',
    ]);
  });

  it('say that what was denied did not run', () => {
    const commands = eventsOf('denied').filter(({ type }) => type === 'command');

    expect(commands.map(({ data }) => data)).toMatchObject([
      { status: 'declined', exitCode: null },
    ]);
  });

  it('say what was wrong with the provider, and whether it is tried again', () => {
    const errors = eventsOf('rate-limited').filter(({ type }) => type === 'error');

    expect(errors.slice(0, -1)).not.toHaveLength(0);
    expect(errors.slice(0, -1).every(({ data }) => data?.willRetry === true)).toBe(true);
    expect(errors.at(-1)).toEqual({
      type: 'error',
      text: 'exceeded retry limit, last status: 429 Too Many Requests',
      data: { willRetry: false },
    });
  });
});

describe('lines that are no message of Codex’s', () => {
  const anything = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({
        id: fc.anything(),
        method: fc.constantFrom('item/completed', 'turn/completed', 'error', 'turn/plan/updated'),
        params: fc.anything(),
      })
      .map((value) => JSON.stringify(value) as string | undefined)
      .map((text) => text ?? ''),
    fc
      .tuple(fc.constantFrom('initialize', 'thread', 'turn', 'history', 'barrier'), fc.anything())
      .map(([id, result]) => JSON.stringify({ id, result })),
  );

  it('are read without harm, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 20 }), (lines) => {
        const reader = new CodexReader();
        let now = SILENCE;
        for (const line of lines) {
          for (const event of reader.push(line)) expect(typeof event.text).toBe('string');
          now = hear(now, line);
        }
        expect(now.threadId).toBeNull();
      }),
    );
  });
});

function usage(
  inputTokens: number,
  cachedInputTokens: number,
  outputTokens: number,
  reasoningOutputTokens: number,
) {
  return { inputTokens, cachedInputTokens, outputTokens, reasoningOutputTokens };
}
