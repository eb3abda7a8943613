import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { RunningService } from '../support/service.js';
import { expectRefusal, startWithoutEngine } from './refusal.js';
import { stateOf } from './state.js';

/** Narrow in every dimension, so that each can be widened. */
const OPERATOR = {
  codex: {
    threadSandbox: 'workspace-write',
    turnSandboxPolicy: {
      type: 'workspaceWrite',
      writableRoots: ['/workspace/build'],
      excludeSlashTmp: true,
      excludeTmpdirEnvVar: true,
    },
    sandbox: {
      resources: { memory: '256m', cpus: 1, pids: 64, tmpfs: '16m', workspace: '64m' },
      timeoutSeconds: 60,
    },
  },
};

let service: RunningService;
let before: unknown;

beforeAll(async () => {
  service = await startWithoutEngine(OPERATOR);
  before = await stateOf(service);
});

afterAll(() => service.stop());

const post = (fields: object) =>
  service.api('POST', '/api/v1/runs', { body: { issue: 'MT-1', command: ['true'], ...fields } });

const write = (fields: object) => ({ turnSandboxPolicy: { type: 'workspaceWrite', ...fields } });

describe('a policy that widens the operator’s', () => {
  it.each<[string, object]>([
    ['policy.threadSandbox', { threadSandbox: 'danger-full-access' }],
    ['policy.turnSandboxPolicy.type', { turnSandboxPolicy: { type: 'dangerFullAccess' } }],
    ['policy.turnSandboxPolicy.writableRoots', write({ writableRoots: [] })],
    ['policy.turnSandboxPolicy.writableRoots', write({ writableRoots: ['/workspace'] })],
    ['policy.turnSandboxPolicy.writableRoots', write({ writableRoots: ['/workspace/builds'] })],
    [
      'policy.turnSandboxPolicy.writableRoots',
      write({ writableRoots: ['/workspace/build', '/workspace/src'] }),
    ],
    ['policy.turnSandboxPolicy.excludeSlashTmp', write({ excludeSlashTmp: false })],
    ['policy.turnSandboxPolicy.excludeTmpdirEnvVar', write({ excludeTmpdirEnvVar: false })],
    ['policy.resources.memory', { resources: { memory: '257m' } }],
    ['policy.resources.memory', { resources: { memory: 256 * 1024 * 1024 + 1 } }],
    ['policy.resources.cpus', { resources: { cpus: 1.01 } }],
    ['policy.resources.pids', { resources: { pids: 65 } }],
    ['policy.resources.tmpfs', { resources: { tmpfs: '17m' } }],
    ['policy.resources.workspace', { resources: { workspace: '65m' } }],
  ])('in %s is refused and the key named: %j', async (field, policy) => {
    expectRefusal(await post({ policy }), { status: 422, code: 'policy_widened', field });
  });

  it('in all of them names all of them', async () => {
    const resources = { memory: '1g', cpus: 2, pids: 65, tmpfs: '17m', workspace: '65m' };
    const answer = await post({ policy: { threadSandbox: 'danger-full-access', resources } });
    const fields = answer.body.error.details.map((detail: { field: string }) => detail.field);
    expect(fields.toSorted()).toEqual([
      'policy.resources.cpus',
      'policy.resources.memory',
      'policy.resources.pids',
      'policy.resources.tmpfs',
      'policy.resources.workspace',
      'policy.threadSandbox',
    ]);
  });

  it('by its time limit or image', async () => {
    const refusal = { status: 422, code: 'policy_widened' };
    expectRefusal(await post({ timeoutSeconds: 61 }), { ...refusal, field: 'timeoutSeconds' });
    expectRefusal(await post({ image: 'debian' }), { ...refusal, field: 'image' });
  });
});

describe('a policy that is none', () => {
  const turn = 'policy.turnSandboxPolicy';
  const roots = (root: unknown) => write({ writableRoots: [root] });
  it.each<[string, object]>([
    ['policy.privileged', { privileged: true }],
    ['policy.thread_sandbox', { thread_sandbox: 'read-only' }],
    ['policy.image', { image: 'debian' }],
    ['policy.security', { security: { dropCapabilities: false } }],
    ['policy.extraMounts', { extraMounts: [{ source: '/', target: '/host' }] }],
    ['policy.envPassthrough', { envPassthrough: ['MASTER_KEY'] }],
    ['policy.network', { network: 'host' }],
    ['policy.dns', { dns: ['127.0.0.53'] }],
    ['policy.resources.memorySwap', { resources: { memorySwap: '1g' } }],
    ['policy.threadSandbox', { threadSandbox: 'none' }],
    ['policy.threadSandbox', { threadSandbox: ['read-only'] }],
    ['policy.threadSandbox', { threadSandbox: null }],
    [turn, { turnSandboxPolicy: 'readOnly' }],
    [`${turn}.type`, { turnSandboxPolicy: {} }],
    [`${turn}.type`, { turnSandboxPolicy: { type: 'read-only' } }],
    [`${turn}.writableRoots`, { turnSandboxPolicy: { type: 'readOnly', writableRoots: [] } }],
    [`${turn}.networkAccess`, { turnSandboxPolicy: { type: 'readOnly', networkAccess: 'true' } }],
    [`${turn}.networkAccess`, { turnSandboxPolicy: { type: 'readOnly', networkAccess: 1 } }],
    [`${turn}.writableRoots.0`, roots('/etc')],
    [`${turn}.writableRoots.0`, roots('/workspace/../etc')],
    [`${turn}.writableRoots.0`, roots('/workspace/build/../../etc')],
    [`${turn}.writableRoots.0`, roots('/workspace/./build')],
    [`${turn}.writableRoots.0`, roots('/workspace//build')],
    [`${turn}.writableRoots.0`, roots('/workspace/build/')],
    [`${turn}.writableRoots.0`, roots('/workspacebuild')],
    [`${turn}.writableRoots.0`, roots('workspace/build')],
    [`${turn}.writableRoots.0`, roots('/workspace/bu\0ild')],
    [`${turn}.writableRoots.0`, roots(`/workspace/${'a'.repeat(5000)}`)],
    [`${turn}.writableRoots.0`, roots(7)],
    [`${turn}.writableRoots`, write({ writableRoots: '/workspace/build' })],
    [
      `${turn}.writableRoots`,
      write({ writableRoots: Array.from({ length: 65 }, () => '/workspace/build') }),
    ],
    ['policy.resources', { resources: [] }],
    ['policy.resources.memory', { resources: { memory: '-1' } }],
    ['policy.resources.memory', { resources: { memory: -1 } }],
    ['policy.resources.memory', { resources: { memory: 0 } }],
    ['policy.resources.memory', { resources: { memory: '1' } }],
    ['policy.resources.memory', { resources: { memory: 'lots' } }],
    ['policy.resources.memory', { resources: { memory: '1e3' } }],
    ['policy.resources.cpus', { resources: { cpus: 0 } }],
    ['policy.resources.cpus', { resources: { cpus: '1' } }],
    ['policy.resources.pids', { resources: { pids: 0 } }],
    ['policy.resources.pids', { resources: { pids: 20.5 } }],
    ['policy.egressAllowlist', { egressAllowlist: 'example.com' }],
    ['policy.egressAllowlist.0', { egressAllowlist: [{}] }],
  ])('is refused and %s named: %j', async (field, policy) => {
    expectRefusal(await post({ policy }), { status: 400, code: 'validation_failed', field });
  });

  it.each(['1e400', '-1e400'])('is refused with %s for a number', async (number) => {
    for (const key of ['memory', 'cpus', 'pids']) {
      const body = `{"issue":"MT-1","command":["true"],"policy":{"resources":{"${key}":${number}}}}`;
      const answer = await service.api('POST', '/api/v1/runs', { body });
      const field = `policy.resources.${key}`;
      expectRefusal(answer, { status: 400, code: 'validation_failed', field });
    }
  });

  it('with a great many unknown keys gets a short answer soon', async () => {
    const keys = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 0]));
    const unknown = { status: 400, code: 'validation_failed', field: 'policy.k0' };
    expectRefusal(await post({ policy: keys(1500) }), unknown);
    const began = performance.now();
    const tooMany = { status: 400, code: 'invalid_json', field: 'body' };
    expectRefusal(await post({ policy: keys(80_000) }), tooMany);
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it.each(['*.com', 'https://example.com', 'example.com:0', '0x7f.1', 'a b'])(
    'with %s on its allowlist is refused, and says what an entry is',
    async (entry) => {
      const answer = await post({ policy: { egressAllowlist: ['example.com', entry] } });
      const field = 'policy.egressAllowlist.1';
      expectRefusal(answer, { status: 400, code: 'validation_failed', field });
    },
  );
});

describe('what was refused', () => {
  it('has changed nothing, and left no audit row', async () => {
    expect(await stateOf(service)).toEqual(before);
  });

  it('would have been accepted, had it been narrower', async () => {
    const policy = {
      threadSandbox: 'read-only',
      turnSandboxPolicy: {
        type: 'workspaceWrite',
        networkAccess: true,
        writableRoots: ['/workspace/build/out'],
        excludeSlashTmp: true,
      },
      resources: { memory: '128m', cpus: 0.5, pids: 32, tmpfs: '8m', workspace: '32m' },
    };
    const answer = await post({ policy, timeoutSeconds: 30, image: 'risoluto-sandbox:latest' });
    expect(answer.status, answer.text).toBe(202);
    expect(await stateOf(service)).not.toEqual(before);
  });
});
