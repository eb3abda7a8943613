import { describe, expect, it } from 'vitest';

import { DomainError } from '../../kernel/domain-error.js';
import { ARGUMENT_LIMIT_BYTES } from '../../sandbox/environment.js';
import type { RunRequest } from '../run-request.js';
import { requestOfTurn } from './turn-request.js';
import { checkedTurnRequest, type UncheckedTurnRequest } from './turn-request-validation.js';

const RUN: RunRequest = {
  command: ['true'],
  env: { OF_RUN: 'run', BOTH: 'run' },
  secrets: { SECRET_OF_RUN: 'one' },
};

/** The code of the refusal and the fields that it names. */
function refusal(body: Partial<UncheckedTurnRequest>): [string, string[]] {
  try {
    checkedTurnRequest(RUN, { command: ['true'], ...body });
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return [error.code, (error.details ?? []).map(({ field }) => field)];
  }
  throw new Error('it was not refused');
}

describe('a request for a turn', () => {
  it('is stored as what the turn adds, and given with what the run has', () => {
    const own = checkedTurnRequest(RUN, {
      command: ['ls'],
      env: { BOTH: 'turn', OF_TURN: 'turn' },
      secrets: ['TOKEN'],
    });
    expect(own).toEqual({
      command: ['ls'],
      env: { BOTH: 'turn', OF_TURN: 'turn' },
      secrets: { TOKEN: 'TOKEN' },
    });
    expect(requestOfTurn(RUN, own)).toMatchObject({
      command: ['ls'],
      env: { OF_RUN: 'run', BOTH: 'turn', OF_TURN: 'turn' },
      secrets: { SECRET_OF_RUN: 'one', TOKEN: 'TOKEN' },
    });
  });

  it('gives each variable one origin, the run’s included', () => {
    const both = refusal({ env: { A: '1' }, secrets: ['A'] });
    expect(both).toEqual(['validation_failed', ['env.A']]);
    expect(refusal({ env: { SECRET_OF_RUN: '1' } })).toEqual([
      'validation_failed',
      ['env.SECRET_OF_RUN'],
    ]);
    expect(refusal({ secrets: { OF_RUN: 'one' } })).toEqual([
      'validation_failed',
      ['secrets.OF_RUN'],
    ]);
  });

  it('is refused for what no sandbox could be given', () => {
    expect(refusal({ command: ['a\0b'] })).toEqual(['validation_failed', ['command.0']]);
    expect(refusal({ env: { LD_PRELOAD: 'x' } })).toEqual([
      'environment_refused',
      ['env.LD_PRELOAD'],
    ]);
  });

  it('is refused where it is too large together with what the run has', () => {
    const long = 'x'.repeat(ARGUMENT_LIMIT_BYTES - 100);
    const seven = (prefix: string) =>
      Object.fromEntries(Array.from({ length: 7 }, (_, at) => [`${prefix}${at}`, long]));
    const body = { command: ['true'], env: seven('TURN') };
    expect(checkedTurnRequest(RUN, body)).toMatchObject(body);
    const large = { ...RUN, env: seven('RUN') };
    expect(() => checkedTurnRequest(large, body)).toThrow(/too large/);
  });

  it('is of the kind of its run, which its agent is told with a prompt alone', () => {
    const ofAgent: RunRequest = {
      agent: { kind: 'mine', prompt: 'first', model: 'm' },
      env: {},
      secrets: {},
    };
    const own = checkedTurnRequest(ofAgent, { prompt: 'second' });
    expect(own).toEqual({ prompt: 'second', env: {}, secrets: {} });
    expect(requestOfTurn(ofAgent, own).agent).toEqual({
      kind: 'mine',
      prompt: 'second',
      model: 'm',
    });
    expect(() => checkedTurnRequest(ofAgent, { command: ['true'] })).toThrow(
      expect.objectContaining({ details: [expect.objectContaining({ field: 'command' })] }),
    );
    expect(() => checkedTurnRequest(RUN, { prompt: 'x' })).toThrow(
      expect.objectContaining({ details: [expect.objectContaining({ field: 'prompt' })] }),
    );
    expect(() => checkedTurnRequest(RUN, {})).toThrow(/not valid/);
  });

  it('has a policy of the known shape', () => {
    const refused = (turnSandboxPolicy: Record<string, unknown>) => refusal({ turnSandboxPolicy });
    expect(refused({ type: 'none' })).toEqual(['validation_failed', ['turnSandboxPolicy.type']]);
    expect(refused({ type: 'readOnly', writableRoots: [] })).toEqual([
      'validation_failed',
      ['turnSandboxPolicy.writableRoots'],
    ]);
    expect(refused({ type: 'workspaceWrite', writableRoots: ['/etc'] })[1]).toEqual([
      'turnSandboxPolicy.writableRoots.0',
    ]);
  });
});
