import { spawn } from 'node:child_process';
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { UNLIMITED } from '../runs/run-questions.js';
import { startService, type RunningService } from '../support/service.js';
import { freshItem, type Checklist } from './checklist.js';

const MASTER_KEY = 'doctor-canary-master-key-0123456789abcdef';

// Each fresh round starts containers, on a machine that may have much else to do.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let service: RunningService;

const PLAIN = { name: 'inner', upstream: 'http://10.0.0.7:8080/v1', plainHttp: true };

beforeAll(async () => {
  const credentialRoutes = [{ ...PLAIN, header: 'Authorization', secret: 'INNER' }];
  const yaml = { ...UNLIMITED, codex: { sandbox: { credentialRoutes } } };
  service = await startService({ env: { MASTER_KEY }, yaml });
});
afterAll(() => service?.stop());

/** The real program in a pipe, with the environment of the service. */
async function doctor(
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ['dist/bin/risoluto.js', 'doctor', ...args], {
    env: service.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? -1)));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, stdout, stderr };
}

const modeOf = (path: string) => statSync(path).mode & 0o777;
const database = () => join(service.dataDir, 'risoluto.db');

/** Every path of the data directory with what would tell of a write. */
function inventory(): string[] {
  const names = ['', ...readdirSync(service.dataDir, { recursive: true }).map(String)].sort();
  return names.map((name) => {
    const { mode, mtimeMs, size } = statSync(join(service.dataDir, name));
    return `${name} ${mode} ${mtimeMs} ${size}`;
  });
}

describe('risoluto doctor', () => {
  it('asks the service, and ends with 0 unless an item fails or --strict minds a warning', async () => {
    const plain = await doctor();
    expect(plain, plain.stdout).toMatchObject({ code: 0, stderr: '' });
    expect(plain.stdout).toContain('✓ Modes of files');
    expect(plain.stdout).toContain('! Secrets on their way to upstreams');
    expect(plain.stdout).toContain('credentialRoutes.0.upstream https://10.0.0.7:8080/v1');
    expect(plain.stdout).toContain('To mend:\n');
    expect(plain.stdout).toContain('  npx risoluto doctor --acknowledge master-key-backup\n');
    expect(plain.stdout).not.toContain('\u001B');
    expect((await doctor('--strict')).code).toBe(1);
  });

  it('finds what is wrong, and --fix mends it and says what it did', async () => {
    chmodSync(database(), 0o666);
    // What was found before is kept for ten seconds.
    await freshItem(service, 'file-modes');
    const found = await doctor('--json');
    expect(found.code).toBe(1);
    const { items } = JSON.parse(found.stdout) as Checklist;
    const item = items.find(({ id }) => id === 'file-modes');
    expect(item).toMatchObject({ status: 'fail', remedy: `chmod go-rwx ${database()}` });

    const fixed = await doctor('--fix');
    expect(fixed, fixed.stdout).toMatchObject({ code: 0 });
    expect(fixed.stdout).toContain(`file-modes: ${database()}: mode 0666 is now 0600`);
    expect(fixed.stdout).toContain('fence: nothing to do');
    expect(modeOf(database())).toBe(0o600);
  });

  it('acknowledges a backup only of the key in use, and shows the key to nobody', async () => {
    const copy = join(service.home.root, 'copy');
    const args = ['--acknowledge', 'master-key-backup', '--key-file', copy];
    writeFileSync(copy, 'some other key\n', { mode: 0o600 });
    const refused = await doctor(...args);
    expect(refused).toMatchObject({ code: 121, stdout: '' });
    expect(refused.stderr).toContain('key_mismatch');
    writeFileSync(copy, `${MASTER_KEY}\n`);
    const taken = await doctor(...args);
    expect(taken, taken.stderr).toMatchObject({ code: 0 });
    expect(taken.stdout).toContain('holds the key in use');
    expect(await freshItem(service, 'master-key-backup')).toMatchObject({ status: 'pass' });
    expect(service.logs() + taken.stdout + taken.stderr).not.toContain(MASTER_KEY);
  });

  it('refuses an item that nobody can acknowledge, and a file without an item', async () => {
    expect((await doctor('--acknowledge', 'file-modes')).code).toBe(120);
    expect((await doctor('--key-file', '/dev/null')).code).toBe(120);
  });
});

describe('risoluto doctor without the service', () => {
  beforeAll(async () => {
    await service.terminate();
  });

  it('checks what it can, writes nothing, and says which items need the service', async () => {
    const before = inventory();
    const answer = await doctor('--json');
    expect(inventory()).toEqual(before);
    expect(answer.code, answer.stdout).toBe(0);
    expect(answer.stderr).toContain('does not answer');
    const { items } = JSON.parse(answer.stdout) as Checklist;
    const [route] = items.filter(({ id }) => id === 'credential-routes');
    expect(route).toMatchObject({ status: 'warn', checked: true });
    const unchecked = items.filter(({ detail }) => detail.includes('the service is not running'));
    expect(unchecked.map(({ id }) => id).sort()).toEqual(
      [
        'fence',
        'fence-proof',
        'forwarding-headers',
        'master-key-backup',
        'master-key-use',
        'sandbox-controls',
        'webhook-secrets',
      ].sort(),
    );
    for (const item of unchecked) expect(item).toMatchObject({ status: 'warn', checked: false });
    const gvisor = items.find(({ id }) => id === 'gvisor');
    expect(gvisor).toMatchObject({ status: 'pass', checked: true });
  });

  it('--fix closes the files', async () => {
    chmodSync(database(), 0o644);
    const found = await doctor();
    expect(found.code, found.stdout).toBe(1);
    expect(found.stdout).toContain('✗ Modes of files');
    const fixed = await doctor('--fix');
    expect(fixed.stdout).toContain('mode 0644 is now 0600');
    expect(modeOf(database())).toBe(0o600);
  });

  it('does not answer for a service of another address', async () => {
    const answer = await doctor('--url', 'http://127.0.0.1:1');
    expect(answer).toMatchObject({ code: 123, stdout: '' });
  });
});
