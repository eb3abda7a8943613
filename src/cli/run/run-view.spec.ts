import { describe, expect, it } from 'vitest';

import { describeRun, hasFinished, type RunView } from './run-view.js';

const RUN: RunView = {
  id: 'R',
  issue: 'MT-1',
  status: 'idle',
  exitCode: 3,
  reason: 'exit_code',
  message: null,
  actor: 'loopback',
  createdAt: '2026-11-23T12:00:00.000Z',
  phases: { queuedAt: '2026-11-23T12:00:00.000Z', finishedAt: null },
  keepAlive: true,
  turn: 2,
  command: ['make', 'all of it'],
  agent: null,
  credentialRoutes: [],
  env: [],
  secrets: {},
};

describe('a run for a person', () => {
  it('says that it is idle, and behind which turn', () => {
    expect(hasFinished(RUN)).toBe(false);
    expect(describeRun(RUN).split('\n')).toEqual([
      'run        R',
      'issue      MT-1',
      'status     idle',
      'turn       2',
      'exit code  3',
      'reason     exit_code',
      'actor      loopback',
      "command    make 'all of it'",
      'queued     2026-11-23T12:00:00.000Z',
    ]);
  });

  it('says which agent it is, and how its prompt begins', () => {
    const agent = { kind: 'codex', prompt: `Make it\nwork`, model: 'm' };
    const lines = (prompt: string) =>
      describeRun({
        ...RUN,
        command: null,
        agent: { ...agent, prompt },
        credentialRoutes: ['model', 'npm'],
      }).split('\n');
    expect(lines(agent.prompt).slice(7, 10)).toEqual([
      'agent      codex m',
      'prompt     Make it…',
      'routes     model npm',
    ]);
    expect(lines('short')).toContain('prompt     short');
    expect(lines('x'.repeat(121))).toContain(`prompt     ${'x'.repeat(120)}…`);
  });

  it('says nothing of turns where there is one', () => {
    const run = { ...RUN, status: 'failed', keepAlive: false, turn: 1 };
    expect(hasFinished(run)).toBe(true);
    expect(describeRun(run)).not.toContain('turn ');
  });
});
