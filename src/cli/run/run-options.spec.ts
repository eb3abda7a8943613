import { describe, expect, it } from 'vitest';

import { requestBody, type RunOptions } from './run-options.js';

const least: RunOptions = { issue: 'MT-1', reconnectTimeout: '300' };
const bodyOf = (options: Partial<RunOptions>) => requestBody({ ...least, ...options }, ['true']);

describe('the body of a run’s request', () => {
  it('has what was asked for and nothing else', () => {
    expect(bodyOf({})).toEqual({ issue: 'MT-1', command: ['true'] });
    expect(bodyOf({ image: 'i', timeout: '90', env: ['A=1=2', 'B='] })).toEqual({
      issue: 'MT-1',
      command: ['true'],
      image: 'i',
      timeoutSeconds: 90,
      env: { A: '1=2', B: '' },
    });
  });

  it('names secrets in a list, until one is renamed', () => {
    expect(bodyOf({ secret: ['A', 'b.c', 'A'] }).secrets).toEqual(['A', 'b.c']);
    expect(bodyOf({ secret: ['A', 'KEY=b:c'] }).secrets).toEqual({ A: 'A', KEY: 'b:c' });
  });

  it('asks for an agent in place of a command, and names credential routes once', () => {
    const options = { agent: 'codex', prompt: 'do it', credentialRoute: ['npm', 'npm'] };
    expect(requestBody({ ...least, ...options }, [])).toEqual({
      issue: 'MT-1',
      agent: { kind: 'codex', prompt: 'do it' },
      credentialRoutes: ['npm'],
    });
    const more = { ...least, ...options, model: 'm', effort: 'low' };
    expect(requestBody(more, []).agent).toEqual({
      kind: 'codex',
      prompt: 'do it',
      model: 'm',
      effort: 'low',
    });
    expect(bodyOf({ credentialRoute: ['a', 'b'] }).credentialRoutes).toEqual(['a', 'b']);
  });

  it.each<[Partial<RunOptions>, string[], string]>([
    [{}, [], 'give a command'],
    [{ prompt: 'do it' }, ['true'], '--prompt: is for an agent'],
    [{ effort: 'low' }, [], '--effort: is for an agent'],
    [{ agent: 'codex' }, [], '--agent: needs --prompt'],
    [{ agent: 'codex', prompt: 'do it' }, ['true'], '--agent: takes the place of a command'],
  ])('%j with the command %j is neither one nor the other', (options, command, message) => {
    expect(() => requestBody({ ...least, ...options }, command)).toThrow(message);
  });

  it.each([
    [{ network: true }, { turnSandboxPolicy: { type: 'workspaceWrite', networkAccess: true } }],
    [
      { readOnly: true },
      {
        threadSandbox: 'read-only',
        turnSandboxPolicy: { type: 'readOnly', networkAccess: false },
      },
    ],
    [
      { readOnly: true, network: true },
      { threadSandbox: 'read-only', turnSandboxPolicy: { type: 'readOnly', networkAccess: true } },
    ],
  ])('%j is this policy', (options, policy) => {
    expect(bodyOf(options).policy).toEqual(policy);
  });

  it.each([
    [{ env: ['CI'] }, '--env: must be'],
    [{ env: ['=x'] }, '--env: must be'],
    [{ env: ['A=1', 'A=2'] }, '--env: A is given twice'],
    [{ secret: ['A', 'A=B'] }, '--secret: A is given twice'],
    [{ secret: ['=B'] }, '--secret: must be'],
    [{ timeout: '0' }, '--timeout: must be'],
    [{ timeout: '1.5' }, '--timeout: must be'],
    [{ timeout: '604801' }, '--timeout: must be'],
  ])('%j is a wrong command line', (options, message) => {
    expect(() => bodyOf(options)).toThrow(message);
  });
});
