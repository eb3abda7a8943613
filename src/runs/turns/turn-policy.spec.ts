import { describe, expect, it } from 'vitest';

import { yamlSchema } from '../../config/yaml-schema.js';
import type { RunRequest } from '../run-request.js';
import { policyOfTurn } from './turn-policy.js';
import { requestOfTurn, type TurnRequest } from './turn-request.js';

const RUN: RunRequest = { command: ['true'], env: {}, secrets: {} };
const TURN: TurnRequest = { command: ['ls'], env: {}, secrets: {} };

function operator(codex: object = {}, configured: string[] = []) {
  return { codex: yamlSchema.parse({ codex }).codex, configuredKeys: new Set(configured) };
}

function policy(
  { run = {}, turn = {} }: { run?: Partial<RunRequest>; turn?: Partial<TurnRequest> },
  of = operator(),
) {
  return policyOfTurn(of, requestOfTurn({ ...RUN, ...run }, { ...TURN, ...turn }));
}

const NETWORKED = {
  policy: { turnSandboxPolicy: { type: 'workspaceWrite', networkAccess: true } },
} as const;

describe('the policy of a further turn', () => {
  it('is workspace write without a network where nobody says more', () => {
    expect(policy({})).toMatchObject({ workspaceAccess: 'write', networkAccess: false });
    expect(policy({}).sources).toMatchObject({ turnSandboxPolicy: 'default' });
  });

  it('is the run’s own, without the network, where the turn says nothing', () => {
    const turnSandboxPolicy = {
      type: 'workspaceWrite' as const,
      networkAccess: true,
      writableRoots: ['/workspace/out'],
      excludeSlashTmp: true,
    };
    const found = policy({ run: { policy: { turnSandboxPolicy } } });
    expect(found).toMatchObject({
      networkAccess: false,
      writableRoots: ['/workspace/out'],
      slashTmp: false,
    });
    expect(found.sources).toMatchObject({
      turnSandboxPolicy: 'request',
      'turnSandboxPolicy.networkAccess': 'default',
    });
  });

  it('has no network either where the operator’s own turn policy gives one', () => {
    const of = operator({ turnSandboxPolicy: { type: 'workspaceWrite', networkAccess: true } }, [
      'codex.turnSandboxPolicy.networkAccess',
    ]);
    expect(policyOfTurn(of, requestOfTurn(RUN, null)).networkAccess).toBe(true);
    expect(policy({}, of)).toMatchObject({
      networkAccess: false,
      sources: { 'turnSandboxPolicy.networkAccess': 'default' },
    });
  });

  it('has what the turn says in the place of what the run said', () => {
    const readOnly = policy({ run: NETWORKED, turn: { turnSandboxPolicy: { type: 'readOnly' } } });
    expect(readOnly).toMatchObject({ workspaceAccess: 'read-only', networkAccess: false });
    expect(readOnly.sources).toMatchObject({ turnSandboxPolicy: 'request' });
    const turnSandboxPolicy = { type: 'workspaceWrite' as const, networkAccess: true };
    const narrow = { policy: { turnSandboxPolicy: { type: 'readOnly' as const } } };
    expect(policy({ run: narrow, turn: { turnSandboxPolicy } })).toMatchObject({
      workspaceAccess: 'write',
      networkAccess: true,
    });
  });

  it('keeps what the run narrowed beside it, its time included unless the turn has its own', () => {
    const run = {
      policy: { threadSandbox: 'read-only' as const, resources: { pids: 32 } },
      timeoutSeconds: 60,
    };
    const turnSandboxPolicy = { type: 'workspaceWrite' as const };
    const found = policy({ run, turn: { turnSandboxPolicy } });
    expect(found).toMatchObject({ workspaceAccess: 'read-only', timeoutSeconds: 60 });
    expect(found.resources.pids).toBe(32);
    expect(policy({ run, turn: { timeoutSeconds: 90 } }).timeoutSeconds).toBe(90);
  });

  it('is never wider than the operator’s, whatever the run was allowed', () => {
    const danger = { turnSandboxPolicy: { type: 'dangerFullAccess' as const } };
    expect(() => policy({ turn: danger })).toThrow(/turnSandboxPolicy\.type/);
    expect(() => policy({ turn: { timeoutSeconds: 604_800 } })).toThrow(/timeoutSeconds/);
    const of = operator({ threadSandbox: 'danger-full-access' }, ['codex.threadSandbox']);
    expect(policy({ turn: danger }, of)).toMatchObject({ rootWritable: true });
    const narrowed = { policy: { threadSandbox: 'workspace-write' as const } };
    expect(policy({ run: narrowed, turn: danger }, of)).toMatchObject({ rootWritable: false });
  });

  it('of the first turn is that of its run', () => {
    expect(policyOfTurn(operator(), requestOfTurn({ ...RUN, ...NETWORKED }, null))).toMatchObject({
      networkAccess: true,
    });
  });
});
