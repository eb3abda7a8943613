import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { requestedPolicySchema } from '../config/policy-schema.js';
import { type CodexSettings, type RequestedPolicy, yamlSchema } from '../config/yaml-schema.js';
import { DomainError } from '../kernel/domain-error.js';
import { type EffectivePolicy, type PolicyRequest, effectivePolicy } from './policy.js';
import { isAtOrBelow } from './policy-narrowing.js';

const NOTHING_CONFIGURED: ReadonlySet<string> = new Set();
const GiB = 1024 ** 3;

function operator(codex: Record<string, unknown> = {}): CodexSettings {
  return yamlSchema.parse({ codex }).codex;
}

/** The keys of the details of the error, or [] when nothing was refused. */
function refusedKeys(settings: CodexSettings, request: PolicyRequest): string[] {
  try {
    effectivePolicy(settings, NOTHING_CONFIGURED, request);
    return [];
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    expect(error.code).toBe('policy_widened');
    return (error.details ?? []).map(({ field }) => field);
  }
}

const policyOf = (text: RequestedPolicy): PolicyRequest => ({ policy: text });

describe('effectivePolicy', () => {
  it('is the operator’s when the request asks for nothing', () => {
    const policy = effectivePolicy(operator(), NOTHING_CONFIGURED);
    expect(policy).toMatchObject({
      threadSandbox: 'workspace-write',
      workspaceAccess: 'write',
      writableRoots: [],
      rootWritable: false,
      networkAccess: false,
      slashTmp: true,
      tmpdir: '/tmp',
    });
    expect(new Set(Object.values(policy.sources))).toEqual(new Set(['default']));
  });

  it.each([
    [{ memory: 8 * GiB }, 'policy.resources.memory'],
    [{ cpus: 4096 }, 'policy.resources.cpus'],
    [{ pids: 100_000 }, 'policy.resources.pids'],
    [{ tmpfs: 2 * GiB }, 'policy.resources.tmpfs'],
    [{ workspace: 20 * GiB }, 'policy.resources.workspace'],
  ])('refuses wider resources %o as %s', (resources, key) => {
    expect(refusedKeys(operator(), policyOf({ resources }))).toEqual([key]);
  });

  it('takes narrower resources and says that the request chose them', () => {
    const policy = effectivePolicy(operator(), new Set(['codex.sandbox.resources.pids']), {
      policy: { resources: { memory: GiB } },
    });
    expect(policy.resources.memory).toBe(GiB);
    expect(policy.sources['resources.memory']).toBe('request');
    expect(policy.sources['resources.pids']).toBe('config');
    expect(policy.sources['resources.cpus']).toBe('default');
  });

  it('refuses a wider thread sandbox, turn policy, image and time limit, all at once', () => {
    const request: PolicyRequest = {
      policy: {
        threadSandbox: 'danger-full-access',
        turnSandboxPolicy: { type: 'dangerFullAccess' },
      },
      image: 'other:latest',
      timeoutSeconds: 3601,
    };
    expect(refusedKeys(operator(), request)).toEqual([
      'policy.threadSandbox',
      'policy.turnSandboxPolicy.type',
      'image',
      'timeoutSeconds',
    ]);
    expect(
      refusedKeys(operator(), { image: 'risoluto-sandbox:latest', timeoutSeconds: 1 }),
    ).toEqual([]);
  });

  it('lets a request switch the network on, and nothing else', () => {
    const request = policyOf({ turnSandboxPolicy: { type: 'readOnly', networkAccess: true } });
    expect(effectivePolicy(operator(), NOTHING_CONFIGURED, request).networkAccess).toBe(true);
    const asked = operator({ turnSandboxPolicy: { type: 'workspaceWrite', networkAccess: true } });
    const silent = policyOf({ turnSandboxPolicy: { type: 'workspaceWrite' } });
    expect(effectivePolicy(asked, NOTHING_CONFIGURED, silent).networkAccess).toBe(false);
    expect(effectivePolicy(asked, NOTHING_CONFIGURED).networkAccess).toBe(true);
  });

  it.each([
    ['read-only', 'workspaceWrite', 'read-only', false],
    ['workspace-write', 'readOnly', 'read-only', false],
    ['workspace-write', 'dangerFullAccess', 'write', false],
    ['danger-full-access', 'workspaceWrite', 'write', false],
    ['danger-full-access', 'dangerFullAccess', 'write', true],
    ['danger-full-access', 'readOnly', 'read-only', false],
  ])('combines thread %s and turn %s to the narrower', (thread, type, access, root) => {
    const settings = operator({ threadSandbox: thread, turnSandboxPolicy: { type } });
    const policy = effectivePolicy(settings, new Set(['codex.turnSandboxPolicy.type']));
    expect([policy.workspaceAccess, policy.rootWritable]).toEqual([access, root]);
  });

  it('takes an operator’s thread sandbox for the turns when no turn policy was chosen', () => {
    const settings = operator({ threadSandbox: 'danger-full-access' });
    expect(effectivePolicy(settings, new Set(['codex.threadSandbox'])).rootWritable).toBe(true);
    const chosen = new Set(['codex.threadSandbox', 'codex.turnSandboxPolicy.type']);
    expect(effectivePolicy(settings, chosen).rootWritable).toBe(false);
  });

  describe('writable roots', () => {
    const settings = operator({
      turnSandboxPolicy: { type: 'workspaceWrite', writableRoots: ['/workspace/a'] },
    });
    const roots = (writableRoots: string[]) =>
      policyOf({ turnSandboxPolicy: { type: 'workspaceWrite', writableRoots } });

    it.each([[['/workspace']], [['/workspace/ab']], [[]], [['/workspace/a/b', '/workspace/b']]])(
      'refuses %o beside the operator’s',
      (asked) => {
        expect(refusedKeys(settings, roots(asked))).toEqual([
          'policy.turnSandboxPolicy.writableRoots',
        ]);
      },
    );

    it('takes what lies within, and the operator’s when none are named', () => {
      expect(
        effectivePolicy(settings, NOTHING_CONFIGURED, roots(['/workspace/a/b'])).writableRoots,
      ).toEqual(['/workspace/a/b']);
      const silent = policyOf({ turnSandboxPolicy: { type: 'workspaceWrite' } });
      expect(effectivePolicy(settings, NOTHING_CONFIGURED, silent).writableRoots).toEqual([
        '/workspace/a',
      ]);
    });
  });

  it('keeps the operator’s exclusions for a turn of any type', () => {
    const settings = operator({
      turnSandboxPolicy: { type: 'workspaceWrite', excludeSlashTmp: true },
    });
    for (const type of ['readOnly', 'workspaceWrite'] as const) {
      const policy = effectivePolicy(
        settings,
        NOTHING_CONFIGURED,
        policyOf({ turnSandboxPolicy: { type } }),
      );
      expect([policy.slashTmp, policy.tmpdir]).toEqual([false, '/var/tmp']);
    }
    const opened = policyOf({
      turnSandboxPolicy: { type: 'workspaceWrite', excludeSlashTmp: false },
    });
    expect(refusedKeys(settings, opened)).toEqual(['policy.turnSandboxPolicy.excludeSlashTmp']);
    const both = policyOf({
      turnSandboxPolicy: { type: 'workspaceWrite', excludeTmpdirEnvVar: true },
    });
    expect(effectivePolicy(settings, NOTHING_CONFIGURED, both).tmpdir).toBeNull();
  });

  it('puts a turn behind the gateway for the operator’s list, the request’s, or to observe', () => {
    const egressOf = (settings: CodexSettings, request = {}) =>
      effectivePolicy(settings, NOTHING_CONFIGURED, policyOf(request)).egress;
    const withSandbox = (sandbox: Partial<CodexSettings['sandbox']>): CodexSettings => ({
      ...operator(),
      sandbox: { ...operator().sandbox, ...sandbox },
    });
    const asked = { egressAllowlist: ['a.example'] };
    expect(egressOf(operator())).toMatchObject({ filtered: false, requested: null });
    expect(egressOf(operator(), { egressAllowlist: [] })).toMatchObject({ filtered: false });
    expect(egressOf(operator(), asked)).toMatchObject({ filtered: true, requested: ['a.example'] });
    expect(egressOf(withSandbox(asked))).toMatchObject({ filtered: true, requested: null });
    expect(egressOf(withSandbox({ egressMode: 'observe' }))).toMatchObject({ filtered: true });
    const wider = policyOf({ egressAllowlist: ['b.example'] });
    expect(refusedKeys(withSandbox(asked), wider)).toEqual(['policy.egressAllowlist.0']);
  });
});

const root = fc
  .array(fc.constantFrom('a', 'b', 'ab'), { maxLength: 3 })
  .map((parts) => ['/workspace', ...parts].join('/'));
const roots = fc.array(root, { maxLength: 3 });
const flag = fc.option(fc.boolean(), { nil: undefined });
const turn = fc.oneof(
  fc.record({ type: fc.constant('dangerFullAccess' as const), networkAccess: flag }),
  fc.record({ type: fc.constant('readOnly' as const), networkAccess: flag }),
  fc.record({
    type: fc.constant('workspaceWrite' as const),
    networkAccess: flag,
    writableRoots: fc.option(roots, { nil: undefined }),
    excludeSlashTmp: flag,
    excludeTmpdirEnvVar: flag,
  }),
);
const thread = fc.constantFrom('read-only', 'workspace-write', 'danger-full-access' as const);
const resource = fc.integer({ min: 16, max: 40 });
const resources = fc.record(
  {
    memory: resource.map((n) => n * 1024 ** 2),
    cpus: resource,
    pids: resource,
    tmpfs: resource.map((n) => n * 1024 ** 2),
    workspace: resource.map((n) => n * 1024 ** 2),
  },
  { requiredKeys: [] },
);
const side = fc.record(
  { threadSandbox: thread, turnSandboxPolicy: turn, resources },
  { requiredKeys: [] },
);

const withoutUndefined = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** Every path of the probe that a policy lets be written. */
function writable(policy: EffectivePolicy): string[] {
  if (policy.workspaceAccess === 'read-only') return [];
  const probes = [
    '/workspace/x',
    ...['a', 'b', 'ab'].flatMap((name) => [
      `/workspace/${name}`,
      `/workspace/${name}/a`,
      `/workspace/${name}/b/ab`,
      `/workspace/${name}/ab/a`,
    ]),
  ];
  if (policy.writableRoots.length === 0) return probes;
  return probes.filter((path) => policy.writableRoots.some((own) => isAtOrBelow(path, own)));
}

describe('narrowing', () => {
  it('never gives more than the operator’s policy, in any dimension', () => {
    let accepted = 0;
    fc.assert(
      fc.property(side, side, fc.integer({ min: 1, max: 7200 }), (own, asked, timeoutSeconds) => {
        const { resources: limits, ...codex } = withoutUndefined(own) as Record<string, unknown>;
        const settings = operator({ ...codex, sandbox: { resources: limits ?? {} } });
        const configured = new Set(Object.keys(codex).map((key) => `codex.${key}`));
        const widest = effectivePolicy(settings, configured);
        let policy;
        try {
          policy = effectivePolicy(settings, configured, {
            policy: requestedPolicySchema.parse(withoutUndefined(asked)),
            timeoutSeconds,
          });
        } catch (error) {
          expect(error).toMatchObject({ code: 'policy_widened' });
          return;
        }
        accepted += 1;
        for (const key of Object.keys(policy.resources) as (keyof typeof policy.resources)[]) {
          expect(policy.resources[key]).toBeLessThanOrEqual(widest.resources[key]);
        }
        expect(policy.timeoutSeconds).toBeLessThanOrEqual(widest.timeoutSeconds);
        expect(Number(policy.rootWritable)).toBeLessThanOrEqual(Number(widest.rootWritable));
        expect(Number(policy.slashTmp)).toBeLessThanOrEqual(Number(widest.slashTmp));
        if (widest.tmpdir === null) expect(policy.tmpdir).toBeNull();
        expect(writable(widest)).toEqual(expect.arrayContaining(writable(policy)));
        for (const key of [
          'image',
          'network',
          'dns',
          'security',
          'extraMounts',
          'envPassthrough',
          'protectRepoConfig',
        ] as const) {
          expect(policy[key]).toEqual(widest[key]);
        }
      }),
      { numRuns: 1500 },
    );
    // Most random requests widen something; those that do not must be enough to mean something.
    expect(accepted).toBeGreaterThan(30);
  });
});
