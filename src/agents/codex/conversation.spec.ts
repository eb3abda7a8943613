import { describe, expect, it } from 'vitest';

import { hear, SILENCE, type Conversation } from './conversation.js';

const heard = (lines: readonly object[], from: Conversation = SILENCE): Conversation =>
  lines.reduce<Conversation>((now, line) => hear(now, JSON.stringify(line)), from);

const STARTED = heard([
  { id: 'thread', result: { thread: { id: 'T' }, model: 'm' } },
  { id: 'turn', result: { turn: { id: 'mine', status: 'inProgress', error: null } } },
]);

const COMMAND = 'item/commandExecution/requestApproval';
const FILES = 'item/fileChange/requestApproval';

function change(diff: string) {
  const item = { id: 'call', type: 'fileChange', status: 'inProgress' };
  const changes = [{ path: 'a', kind: { type: 'update' }, diff }];
  return {
    method: 'item/started',
    params: { threadId: 'T', turnId: 'mine', item: { ...item, changes } },
  };
}

describe('what is kept of an app-server’s lines', () => {
  it.each<[string, (at: number) => object]>([
    ['questions', (id) => ({ id, method: 'x'.repeat(10_000), params: {} })],
    ['long identifiers', (at) => ({ id: `${at}`.padEnd(100_000), method: 'x', params: {} })],
    [
      'long names of work',
      (at) => ({
        method: 'item/started',
        params: {
          threadId: 'T',
          turnId: 'mine',
          item: { id: `${at}`.padEnd(10_000), type: 'commandExecution' },
        },
      }),
    ],
    ['answers', (at) => ({ id: `steer-a${at}`, result: {} })],
    ['refusals', (at) => ({ id: `steer-r${at}`, error: { code: 1, message: 'no' } })],
    [
      'work',
      (at) => ({
        method: 'item/started',
        params: {
          threadId: 'T',
          turnId: 'mine',
          item: { id: `i${at}`, type: 'commandExecution', more: 'x'.repeat(10_000) },
        },
      }),
    ],
    [
      'other turns',
      (at) => ({
        method: 'turn/completed',
        params: { threadId: 'T', turn: { id: `t${at}`, status: 'completed', error: null } },
      }),
    ],
  ])('does not grow with a flood of %s', (_what, line) => {
    const now = heard(
      Array.from({ length: 3000 }, (_, at) => line(at)),
      STARTED,
    );
    expect(JSON.stringify(now).length).toBeLessThan(32 * 1024);
    const ended = heard(
      [
        {
          method: 'turn/completed',
          params: { threadId: 'T', turn: { id: 'mine', status: 'completed', error: null } },
        },
        ...Array.from({ length: 100 }, (_, at) => line(at)),
      ],
      now,
    );
    expect(ended.completed).toHaveProperty('mine');
  });

  it('names a question by all that it asks, not by names that the model chose', () => {
    const params = { turnId: 'mine', itemId: 'call', approvalId: null, cwd: '/workspace' };
    const keys = [
      heard([{ id: 0, method: COMMAND, params: { ...params, command: 'ls' } }], STARTED),
      heard([{ id: 1, method: COMMAND, params: { ...params, command: 'rm -rf .' } }], STARTED),
      heard([{ id: 2, method: COMMAND, params: { ...params, command: 'ls', cwd: '/' } }], STARTED),
      heard([change('+one'), { id: 3, method: FILES, params }], STARTED),
      heard([change('+two'), { id: 4, method: FILES, params }], STARTED),
    ].map(({ questions }) => questions[0]?.read?.key);
    expect(new Set(keys).size).toBe(5);
    const again = heard([change('+two'), { id: 9, method: FILES, params }], STARTED);
    expect(again.questions[0]?.read).toMatchObject({ key: keys[4], text: 'update a' });
  });
});
