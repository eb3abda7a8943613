import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { afterAll, describe, expect, it } from 'vitest';

import { ConfigurationError } from './configuration-error.js';
import { loadSettings } from './load-settings.js';

const directory = mkdtempSync(join(tmpdir(), 'risoluto-config-'));
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadSettings(env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

describe('the environment', () => {
  it('has the documented defaults', () => {
    const settings = loadSettings({ RISOLUTO_CONFIG: file('empty.yaml', '') });
    expect(settings.server).toEqual({ bind: '127.0.0.1', port: 4000, trustProxy: [] });
    expect(settings.auth).toEqual({ writeToken: null, readToken: null });
    expect(settings.paths.dataDir).toBe(join(process.cwd(), '.risoluto'));
    expect(settings.paths.workspacesDir).toBe(join(process.cwd(), 'risoluto-workspaces'));
  });

  it('lets the variables of the command line be', () => {
    expect(problemsOf({ RISOLUTO_URL: 'https://risoluto.example' })).toEqual([]);
  });

  it.each([
    ['RISOLUTO_PORT', '70000'],
    ['RISOLUTO_PORT', '4000x'],
    ['RISOLUTO_BIND', 'nowhere.example'],
    ['RISOLUTO_WRITE_TOKEN', 'x'.repeat(513)],
    ['RISOLUTO_WRITE_TOKEN', 'has spaces in it, so no header can carry it'],
    ['RISOLUTO_READ_TOKEN', 'tökén'],
    ['RISOLUTO_TRUST_PROXY', '10.0.0.0/abc'],
    ['RISOLUTO_TRUST_PROXY', 'true'],
    ['RISOLUTO_SECRETS_STORE', 'vault'],
    ['MASTER_KEY_PREVIOUS', 'a key without the one that takes its place'],
    ['MASTER_KEY_PREVIOUS_FILE', '/nonexistent/previous.key'],
    ['RISOLUTO_LOG_LEVEL', 'loud'],
    ['RISOLUTO_CONFIG', '/nonexistent/risoluto.yaml'],
    ['MASTER_KEY_FILE', '/nonexistent/master.key'],
    ['DOCKER_HOST', 'ssh://somewhere'],
    ['DATABASE_URL', 'postgres://somewhere'],
    ['REDIS_URL', 'redis://somewhere'],
    ['RISOLUTO_LINEAR_WEBHOOK_SECRET', 'lin_wh with a space'],
    ['RISOLUTO_LINEAR_WEBHOOK_SECRET_PREVIOUS', 'geheim ü'],
  ])('refuses %s=%s in one line that names it', (name, value) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(name === 'RISOLUTO_CONFIG' ? 'cannot be read' : name);
    if (name.includes('TOKEN')) expect(problems[0]).not.toContain(value);
  });

  it('names the nearest variable for a misspelt one, and all problems at once', () => {
    expect(problemsOf({ RISOLUTO_WRTE_TOKEN: 'x', RISOLUTO_PORT: '-1' })).toEqual([
      'RISOLUTO_WRTE_TOKEN: unknown variable; did you mean RISOLUTO_WRITE_TOKEN?',
      'RISOLUTO_PORT: must be a whole number, 0 to 65535',
    ]);
  });

  it('takes a profile’s path from the file that names it, and hardened as a word', () => {
    const profileOf = (value: string) =>
      loadSettings({
        RISOLUTO_CONFIG: file(
          'profile.yaml',
          `codex: {sandbox: {security: {seccompProfile: ${value}}}}`,
        ),
      }).codex.sandbox.security.seccompProfile;
    expect(profileOf('hardened')).toBe('hardened');
    expect(profileOf('./hardened')).toBe(join(directory, 'hardened'));
    expect(profileOf('/etc/p.json')).toBe('/etc/p.json');
    expect(profileOf('""')).toBe('');
  });

  it('reads the master key from a file without its last newline, and never prints it', () => {
    const settings = loadSettings({ MASTER_KEY_FILE: file('master.key', 'canary-key\n') });
    expect(settings.masterKey?.reveal()).toBe('canary-key');
    expect(inspect(settings, { depth: null }) + JSON.stringify(settings)).not.toContain('canary');
    expect(problemsOf({ MASTER_KEY: 'a', MASTER_KEY_FILE: 'b' })).toHaveLength(1);
    expect(problemsOf({ MASTER_KEY_FILE: file('void.key', '\n') })).toHaveLength(1);
  });

  it('reads the key that was before in the same way, and takes it for no other than the key', () => {
    const previous = file('previous.key', 'canary-before\n');
    const settings = loadSettings({ MASTER_KEY: 'now', MASTER_KEY_PREVIOUS_FILE: previous });
    expect(settings.previousMasterKey?.reveal()).toBe('canary-before');
    expect(settings.paths.previousMasterKeyFile).toBe(previous);
    expect(inspect(settings, { depth: null })).not.toContain('canary');
    const problems = problemsOf({ MASTER_KEY: 'canary', MASTER_KEY_PREVIOUS: 'canary' });
    expect(problems).toEqual([expect.stringMatching(/^MASTER_KEY_PREVIOUS: is the same/)]);
    const both = { MASTER_KEY: 'a', MASTER_KEY_PREVIOUS: 'b', MASTER_KEY_PREVIOUS_FILE: 'c' };
    expect(problemsOf(both)).toHaveLength(1);
  });

  it('knows two stores of secrets', () => {
    const storeOf = (env: NodeJS.ProcessEnv) => loadSettings(env).secretsStore;
    expect(storeOf({})).toBe('database');
    expect(storeOf({ RISOLUTO_SECRETS_STORE: 'database' })).toBe('database');
    expect(storeOf({ RISOLUTO_SECRETS_STORE: 'file' })).toBe('file');
  });

  it('is frozen all the way down', () => {
    const settings = loadSettings({});
    expect(Object.isFrozen(settings.codex.sandbox.resources)).toBe(true);
    expect(Object.isFrozen(settings.server)).toBe(true);
  });
});
