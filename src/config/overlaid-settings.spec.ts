import { describe, expect, it } from 'vitest';

import { credentialRoutesSchema } from './credential-routes-schema.js';
import { loadSettings } from './load-settings.js';
import { leavesOf, type JsonObject } from './merge-patch.js';
import { overlaid } from './overlaid-settings.js';
import type { Settings } from './settings.js';

const base = loadSettings({});

/** As if the operator had written each value into the file. */
function stated(changes: Partial<Settings> = {}): Settings {
  const settings = Object.assign({}, base, changes);
  const { rateLimits, runs, codex } = settings;
  const configuredKeys = new Set(leavesOf({ rateLimits, runs, codex }).keys());
  return Object.assign(settings, { configuredKeys });
}

describe('settings with an overlay on top', () => {
  it('have its values, keep all others, and are frozen', () => {
    const result = overlaid(base, {
      rateLimits: { api: { limit: 17 } },
      codex: { sandbox: { resources: { memory: '64m' } } },
    });
    if (!('settings' in result)) throw new Error(JSON.stringify(result));
    const { settings } = result;
    expect(settings.rateLimits).toEqual({ ...base.rateLimits, api: { limit: 17 } });
    expect(settings.codex.sandbox.resources).toEqual({
      ...base.codex.sandbox.resources,
      memory: 64 * 1024 * 1024,
    });
    expect(settings.paths).toBe(base.paths);
    expect(settings.configuredKeys).toContain('rateLimits.api.limit');
    expect(Object.isFrozen(settings.codex.sandbox.resources)).toBe(true);
    expect(base.rateLimits.api.limit).not.toBe(17);
  });

  it.each([
    [{ codex: { threadSandbox: 'read-only' } }, ['codex.threadSandbox']],
    [
      { codex: { turnSandboxPolicy: { networkAccess: true } } },
      ['codex.turnSandboxPolicy.networkAccess'],
    ],
    [{ codex: { sandbox: { image: 'other' } } }, ['codex.sandbox.image']],
    [
      { codex: { sandbox: { network: 'host-net', dns: ['10.0.0.1'] } } },
      ['codex.sandbox.network', 'codex.sandbox.dns'],
    ],
    [
      { codex: { sandbox: { security: { gvisor: true, seccompProfile: '/p' } } } },
      ['codex.sandbox.security.gvisor', 'codex.sandbox.security.seccompProfile'],
    ],
    [
      { codex: { sandbox: { extraMounts: [{ source: '/etc', target: '/e' }] } } },
      ['codex.sandbox.extraMounts'],
    ],
    [{ codex: { sandbox: { envPassthrough: ['HOME'] } } }, ['codex.sandbox.envPassthrough']],
    [{ codex: { sandbox: { protectRepoConfig: false } } }, ['codex.sandbox.protectRepoConfig']],
  ])('are refused by name where they are the operator’s: %j', (overlay, keys) => {
    const result = overlaid(base, overlay);
    expect(result).toMatchObject({ refused: true, problems: keys.map((key) => ({ key })) });
  });

  const own = { resources: base.codex.sandbox.resources, runs: base.runs };
  it.each<[string, object, object, RegExp]>([
    ['rateLimits.api.limit', { limit: 300 }, { limit: 301 }, /at most 300, .*; 301 was asked/],
    ['rateLimits.webhooks.limit', { limit: 10 }, { limit: 9 }, /at least 10; 9 was asked/],
    [
      'runs.maxConcurrent',
      { maxConcurrent: own.runs.maxConcurrent },
      { maxConcurrent: own.runs.maxConcurrent + 1 },
      /at most/,
    ],
    ['runs.outputLimit', { outputLimit: '64m' }, { outputLimit: '65m' }, /at most 67108864, /],
    [
      'runs.idleTimeoutSeconds',
      { idleTimeoutSeconds: 60 },
      { idleTimeoutSeconds: 901 },
      /at most 900, /,
    ],
    ['runs.minFreeDisk', { minFreeDisk: '2g' }, { minFreeDisk: 0 }, /at least 1073741824, .*; 0 /],
    ['codex.sandbox.timeoutSeconds', { timeoutSeconds: 1 }, { timeoutSeconds: 3601 }, /most 3600,/],
    ['codex.sandbox.resources.memory', { memory: '4g' }, { memory: '5g' }, /at most 4294967296,/],
    [
      'codex.sandbox.resources.cpus',
      { cpus: 0.5 },
      { cpus: own.resources.cpus + 0.5 },
      /at most .*5 was asked/,
    ],
    ['codex.sandbox.resources.pids', { pids: 512 }, { pids: 513 }, /at most 512,/],
    ['codex.sandbox.resources.tmpfs', { tmpfs: '1m' }, { tmpfs: '2g' }, /at most/],
    ['codex.sandbox.resources.workspace', { workspace: '1g' }, { workspace: '11g' }, /at most/],
  ])(
    'narrow %s where the operator states it, and are refused with both values where they widen it',
    (key, less, more, rule) => {
      const at = (value: object) =>
        key
          .split('.')
          .slice(0, -1)
          .reduceRight<object>((inner, part) => ({ [part]: inner }), value);
      expect(overlaid(stated(), at(less) as JsonObject)).toHaveProperty('settings');
      expect(overlaid(base, at(more) as JsonObject)).toHaveProperty(
        key === 'rateLimits.webhooks.limit' ? 'problems' : 'settings',
      );
      expect(overlaid(stated(), at(more) as JsonObject)).toEqual({
        refused: true,
        wider: true,
        problems: [{ key, rule: expect.stringMatching(rule) }],
      });
    },
  );

  it('end commands with the service where the operator leaves them, and not the other way', () => {
    const ending = stated({ runs: { ...base.runs, onStop: 'end' as const } });
    expect(overlaid(stated(), { runs: { onStop: 'end' } })).toHaveProperty('settings');
    expect(overlaid(stated(), { runs: { onStop: 'leave' } })).toHaveProperty('settings');
    expect(overlaid(ending, { runs: { onStop: 'leave' } })).toMatchObject({
      wider: true,
      problems: [
        { key: 'runs.onStop', rule: expect.stringMatching(/must be end.*leave was asked/) },
      ],
    });
  });

  it('may let the gateway pass other hosts, and never make it stop enforcing', () => {
    const sandbox = { ...base.codex.sandbox, egressAllowlist: ['a.example'] };
    const listed = stated({ codex: { ...base.codex, sandbox } });
    for (const egressAllowlist of [[], ['b.example'], ['a.example', '*.b.example']]) {
      const result = overlaid(listed, { codex: { sandbox: { egressAllowlist } } });
      expect(result).toMatchObject({ settings: { codex: { sandbox: { egressAllowlist } } } });
    }
    const mode = (egressMode: string) => overlaid(base, { codex: { sandbox: { egressMode } } });
    expect(mode('enforce')).toHaveProperty('settings');
    expect(mode('observe')).toMatchObject({ wider: true });
  });

  it('may take credential routes away, and never add or change one', () => {
    const named = (name: string) => ({
      name,
      upstream: 'https://api.example.com',
      header: 'Authorization',
      secret: 'KEY',
    });
    const credentialRoutes = credentialRoutesSchema.parse([named('one'), named('two')]);
    const sandbox = { ...base.codex.sandbox, credentialRoutes };
    const listed = stated({ codex: { ...base.codex, sandbox } });
    const over = (asked: object[], of = listed) =>
      overlaid(of, { codex: { sandbox: { credentialRoutes: asked as JsonObject[] } } });
    expect(over([])).toMatchObject({ settings: { codex: { sandbox: { credentialRoutes: [] } } } });
    expect(over([named('two')])).toHaveProperty('settings');
    expect(over([{ ...named('two'), secret: 'OTHER' }])).toMatchObject({ wider: true });
    expect(over([named('three')])).toMatchObject({ wider: true });
    expect(over([named('one')], base)).toMatchObject({ wider: true });
  });

  it('may be as low as the operator’s own limit of requests where that is very low', () => {
    const low = stated({ rateLimits: { ...base.rateLimits, api: { limit: 3 } } });
    expect(overlaid(low, { rateLimits: { api: { limit: 3 } } })).toHaveProperty('settings');
    expect(overlaid(low, { rateLimits: { api: { limit: 2 } } })).toMatchObject({ wider: true });
  });

  it.each([
    [{ runs: { maxConcurent: 2 } }, 'runs.maxConcurent', /did you mean runs\.maxConcurrent/],
    [{ runs: { maxConcurrent: 0 } }, 'runs.maxConcurrent', /./],
    [{ runs: { maxConcurrent: null } }, 'runs.maxConcurrent', /./],
    [{ runs: null }, 'runs', /./],
    [{ auth: { writeToken: 'x' } }, 'auth', /unknown key/],
    [
      { codex: { sandbox: { egressAllowlist: ['*.com'] } } },
      'codex.sandbox.egressAllowlist.0',
      /wildcard below com/,
    ],
  ])('are wrong as a start would find them wrong: %j', (overlay, key, rule) => {
    const result = overlaid(base, overlay);
    expect(result).toMatchObject({
      refused: false,
      problems: [{ key, rule: expect.stringMatching(rule) }],
    });
  });
});
