import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { yamlSchema } from '../../config/yaml-schema.js';
import { readLine } from './line-reading.js';

const own = (line: unknown) => readLine(undefined, JSON.stringify(line));

function mapped(lines: object): (line: unknown) => ReturnType<typeof readLine> {
  const exec = [{ name: 'mine', argv: ['mine'], lines }];
  const [agent] = yamlSchema.parse({ codex: { agents: { exec } } }).codex.agents.exec;
  return (line) => readLine(agent?.lines, JSON.stringify(line));
}

describe('a line that is nested without end', () => {
  const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

  it.each([62, 200_000])('is read without harm: %d levels', (levels) => {
    const line = `{"type":"message","text":"x","more":${deep(levels)}}`;
    const lines = { events: [{ when: {}, type: 'message', text: 'more' }] };
    const exec = [{ name: 'mine', argv: ['mine'], lines }];
    const [agent] = yamlSchema.parse({ codex: { agents: { exec } } }).codex.agents.exec;
    for (const settings of [undefined, agent?.lines]) {
      const { events } = readLine(settings, line);
      expect(events[0]?.type).toBe(levels > 64 ? 'notice' : 'message');
    }
  });
});

describe('a line in the form of our own', () => {
  it('is an event with what it has beside type and text, a memory or a result', () => {
    expect(own({ type: 'command', text: 'make', exitCode: 2 })).toEqual({
      events: [{ type: 'command', text: 'make', data: { exitCode: 2 } }],
      memory: null,
      verdict: null,
    });
    expect(own({ type: 'memory', memory: 'm' })).toMatchObject({ events: [], memory: 'm' });
    expect(own({ type: 'result', status: 'succeeded' })).toMatchObject({
      events: [],
      verdict: { status: 'succeeded', reason: null, message: null },
    });
    expect(
      own({ type: 'result', status: 'failed', reason: 'x', message: 'No.', resumable: true }),
    ).toMatchObject({
      events: [{ type: 'error', text: 'No.' }],
      verdict: { status: 'failed', reason: 'x', message: 'No.', resumable: true },
    });
    expect(
      own({ type: 'result', status: 'succeeded', resumable: true }).verdict,
    ).not.toHaveProperty('resumable');
  });

  it.each([
    '[]',
    'null',
    '"text"',
    'not JSON',
    '{"type":"message"}',
    '{"type":"message","text":1}',
    '{"type":"approval","text":"a"}',
    '{"type":"result","status":"done"}',
    '{"type":"memory"}',
    '{"type":"constructor","text":"a"}',
  ])('is a notice where it is none: %s', (line) => {
    const { events, memory, verdict } = readLine(undefined, line);
    expect(events).toMatchObject([{ type: 'notice', text: expect.stringContaining(line) }]);
    expect([memory, verdict]).toEqual([null, null]);
  });

  it('is nothing where it is empty, and a short notice where it is long', () => {
    expect(readLine(undefined, '  ').events).toEqual([]);
    expect(readLine(undefined, 'x'.repeat(5000)).events[0]?.text.length).toBeLessThan(400);
  });

  it('breaks nothing, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (line) => {
        for (const { type, text } of readLine(undefined, line).events) {
          expect([typeof type, typeof text]).toEqual(['string', 'string']);
        }
      }),
    );
  });
});

describe('a line by a mapping', () => {
  const read = mapped({
    events: [
      { when: { type: 'assistant' }, type: 'message', text: 'message.content.0.text' },
      {
        when: { 'item.kind': 'run', ok: true },
        type: 'command',
        text: 'item.cmd',
        data: { c: 'n' },
      },
    ],
    memory: ['session', 'thread.id'],
    failed: { type: 'end', error: true },
    succeeded: { type: 'end' },
    message: 'why',
  });

  it('is what its paths say, and nothing where they lead nowhere', () => {
    const said = read({ type: 'assistant', message: { content: [{ text: 'hello' }] } });
    expect(said.events).toEqual([{ type: 'message', text: 'hello', data: {} }]);
    expect(read({ type: 'assistant', message: null }).events).toEqual([]);
    expect(read({ item: { kind: 'run', cmd: { a: 1 } }, ok: true, n: 3 }).events).toEqual([
      { type: 'command', text: '{"a":1}', data: { c: 3 } },
    ]);
    expect(read({ item: { kind: 'run', cmd: 'x' }, ok: 'true' }).events).toEqual([]);
    expect(read({ type: 'toString', thread: { id: 'T' } })).toMatchObject({ memory: 'T' });
  });

  it('ends the turn badly before it ends it well', () => {
    expect(read({ type: 'end' }).verdict).toMatchObject({ status: 'succeeded' });
    expect(read({ type: 'end', error: true, why: 'No.' })).toMatchObject({
      verdict: { status: 'failed', reason: 'agent_failed', message: 'No.' },
      events: [{ type: 'error', text: 'No.' }],
    });
  });
});

describe('the settings of such an agent', () => {
  const problem = (agent: object) => {
    const exec = [{ name: 'mine', argv: ['mine'], ...agent }];
    const { error } = yamlSchema.safeParse({ codex: { agents: { exec } } });
    return error?.issues.map(({ path }) => path.slice(3).join('.'));
  };

  it.each([
    [{ name: 'codex' }, ['0.name']],
    [{ name: 'Mine' }, ['0.name']],
    [{ argv: ['{prompt}'], promptBy: 'argument' }, ['0.argv']],
    [{ promptBy: 'argument' }, ['0.argv']],
    [{ argv: ['mine', '{prompt}'] }, ['0.argv']],
    [{ argv: ['mine', '{memory}'] }, ['0.argv']],
    [{ resume: ['mine', '{prompt}'] }, ['0.resume']],
    [{ lines: { events: [{ when: {}, type: 'x', text: 'a' }] } }, ['0.lines.events.0.type']],
    [{ lines: { memory: ['a..b'] } }, ['0.lines.memory.0']],
    [{ sh: true }, ['0']],
  ])('%j are refused', (agent, where) => {
    expect(problem(agent)).toEqual(where);
  });

  it('have no name twice', () => {
    const exec = ['a', 'b', 'a'].map((name) => ({ name, argv: ['x'] }));
    const { error } = yamlSchema.safeParse({ codex: { agents: { exec } } });
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(['codex.agents.exec.2.name']);
  });
});
