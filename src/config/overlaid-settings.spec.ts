import { describe, expect, it } from 'vitest';

import { loadSettings } from './load-settings.js';
import { overlaid } from './overlaid-settings.js';

const base = loadSettings({});

describe('settings with an overlay on top', () => {
  it('have its values, keep all others, and are frozen', () => {
    const result = overlaid(base, {
      rateLimits: { api: { limit: 7 } },
      codex: { sandbox: { resources: { memory: '64m' } } },
    });
    if (!('settings' in result)) throw new Error(JSON.stringify(result));
    const { settings } = result;
    expect(settings.rateLimits).toEqual({ ...base.rateLimits, api: { limit: 7 } });
    expect(settings.codex.sandbox.resources).toEqual({
      ...base.codex.sandbox.resources,
      memory: 64 * 1024 * 1024,
    });
    expect(settings.paths).toBe(base.paths);
    expect(settings.configuredKeys).toContain('rateLimits.api.limit');
    expect(Object.isFrozen(settings.codex.sandbox.resources)).toBe(true);
    expect(base.rateLimits.api.limit).not.toBe(7);
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
  ])('are refused by name where they are the operator’s: %j', (overlay, keys) => {
    const result = overlaid(base, overlay);
    expect(result).toMatchObject({ refused: true, problems: keys.map((key) => ({ key })) });
  });

  it.each([
    [{ runs: { maxConcurent: 2 } }, 'runs.maxConcurent', /did you mean runs\.maxConcurrent/],
    [{ runs: { maxConcurrent: 0 } }, 'runs.maxConcurrent', /./],
    [{ runs: { maxConcurrent: null } }, 'runs.maxConcurrent', /./],
    [{ runs: null }, 'runs', /./],
    [{ auth: { writeToken: 'x' } }, 'auth', /unknown key/],
    [
      { codex: { sandbox: { egressAllowlist: ['a.example'] } } },
      'codex.sandbox.egressAllowlist',
      /cannot enforce/,
    ],
  ])('are wrong as a start would find them wrong: %j', (overlay, key, rule) => {
    const result = overlaid(base, overlay);
    expect(result).toMatchObject({
      refused: false,
      problems: [{ key, rule: expect.stringMatching(rule) }],
    });
  });
});
