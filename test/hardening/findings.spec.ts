import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { until } from '../runs/until.js';
import { UNLIMITED } from '../runs/run-questions.js';
import { engine } from '../support/engine.js';
import { startService, type RunningService } from '../support/service.js';
import { world } from '../support/world.js';
import { freshChecklist, freshItem, itemOf } from './checklist.js';

const run = promisify(execFile);
const CONF = '/proc/sys/net/ipv4/conf';

// Each fresh round starts containers, on a machine that may have much else to do.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let service: RunningService;

beforeAll(async () => {
  service = await startService({ yaml: UNLIMITED });
});
afterAll(() => service?.stop());

const modeOf = (path: string) => statSync(path).mode & 0o777;

describe('the item', () => {
  it('file-modes fails for a database that others can read, and its remedy mends it', async () => {
    const file = join(service.dataDir, 'risoluto.db');
    chmodSync(file, 0o644);
    const item = await freshItem(service, 'file-modes');
    expect(item).toMatchObject({ status: 'fail' });
    expect(item.detail).toContain(`${file} has mode 0644`);
    await run('sh', ['-ec', item.remedy ?? 'false']);
    expect(modeOf(file)).toBe(0o600);
    expect(await freshItem(service, 'file-modes')).toMatchObject({ status: 'pass' });
  });

  it('source-routing fails where the host follows such routes, and passes where it does not', async () => {
    const names = await readdir(CONF);
    const set = (value: string) =>
      Promise.all(names.map((name) => writeFile(`${CONF}/${name}/accept_source_route`, value)));
    await set('0');
    expect(await freshItem(service, 'source-routing')).toMatchObject({ status: 'pass' });
    await writeFile(`${CONF}/uplink/accept_source_route`, '1');
    expect(await freshItem(service, 'source-routing')).toMatchObject({ status: 'warn' });
    await writeFile(`${CONF}/all/accept_source_route`, '1');
    const item = await freshItem(service, 'source-routing');
    expect(item).toMatchObject({ status: 'fail', remedy: expect.stringContaining('sysctl.d') });
    await set('0');
  });

  it('engine-socket fails for a socket that every user can use', async () => {
    const socket = world.state.dockerHost.slice('unix://'.length);
    const before = modeOf(socket);
    try {
      chmodSync(socket, 0o666);
      const item = await freshItem(service, 'engine-socket');
      expect(item).toMatchObject({ status: 'fail', remedy: `sudo chmod o-rwx ${socket}` });
    } finally {
      chmodSync(socket, before);
    }
    expect(await freshItem(service, 'engine-socket')).toMatchObject({ status: 'pass' });
  });

  it('forwarding-headers names a peer that speaks for others', async () => {
    expect(await freshItem(service, 'forwarding-headers')).toMatchObject({ status: 'pass' });
    await service.api('GET', '/healthz', { headers: { 'x-forwarded-for': '203.0.113.9' } });
    expect(await freshItem(service, 'forwarding-headers')).toMatchObject({
      status: 'warn',
      remedy: 'export RISOLUTO_TRUST_PROXY=127.0.0.1',
    });
  });

  it('fence fails when a table of it is gone, and the repair places it again', async () => {
    const instance = readFileSync(join(service.dataDir, 'instance-id'), 'utf8').trim();
    const table = `risoluto_${instance}`;
    await world.onHost('nft', 'delete', 'table', 'inet', table);
    const item = await freshItem(service, 'fence');
    expect(item, item.detail).toMatchObject({
      status: 'fail',
      remedy: 'npx risoluto doctor --fix',
    });
    await world.onHost('nft', 'delete', 'table', 'bridge', table);
    const repaired = await service.api('POST', '/api/v1/hardening/repairs');
    expect(repaired.status, repaired.text).toBe(200);
    const [did] = repaired.body.repairs.filter(({ id }: { id: string }) => id === 'fence');
    expect(did.did).toEqual([expect.stringContaining('placed the fence again')]);
    expect(itemOf(repaired.body.report, 'fence')).toMatchObject({ status: 'pass' });
    expect(await world.onHost('nft', 'list', 'table', 'bridge', table)).toContain(table);
  });

  it('fence-proof fails when a sandbox gets through', async () => {
    const instance = readFileSync(join(service.dataDir, 'instance-id'), 'utf8').trim();
    const filters = {
      event: ['start'],
      label: ['risoluto.sandbox', `risoluto.instance=${instance}`],
    };
    const starts = (await engine().getEvents({ filters })) as Readable;
    const torn = once(starts, 'data').then(() =>
      Promise.all(
        ['inet', 'bridge'].map((family) =>
          run('nft', ['delete', 'table', family, `risoluto_${instance}`]),
        ),
      ),
    );
    const item = await freshItem(service, 'fence-proof');
    await torn;
    starts.destroy();
    expect(item, item.detail).toMatchObject({ status: 'fail' });
    expect(item.detail).toContain('the gateway (open)');
    expect(await freshItem(service, 'fence-proof')).toMatchObject({ status: 'pass' });
  });

  it('gvisor warns where runsc is not registered, and fails where it does not work', async () => {
    const config = join(world.state.directory, 'daemon.json');
    const before = readFileSync(config, 'utf8');
    const register = async (runtimes: Record<string, object>, seen: (path?: string) => boolean) => {
      writeFileSync(config, JSON.stringify({ runtimes }));
      process.kill(Number(readFileSync(world.state.pidFile, 'utf8')), 'SIGHUP');
      await until('the engine to read its runtimes', async () => {
        const { Runtimes } = (await engine().info()) as {
          Runtimes: Record<string, { path: string }>;
        };
        return seen(Runtimes.runsc?.path) ? true : null;
      });
      // What the service knows of the engine is ten seconds old at most.
      await new Promise((resolve) => setTimeout(resolve, 10_500));
    };
    try {
      await register({}, (path) => path === undefined);
      expect(await freshItem(service, 'gvisor')).toMatchObject({
        status: 'warn',
        remedy: expect.stringContaining('--oci-seccomp'),
      });
      const broken = { path: '/bin/false', runtimeArgs: ['--oci-seccomp'] };
      await register({ runsc: broken }, (path) => path === '/bin/false');
      expect(await freshItem(service, 'gvisor')).toMatchObject({ status: 'fail' });
    } finally {
      await register(JSON.parse(before).runtimes, (path) => path?.endsWith('runsc') === true);
    }
    expect(await freshItem(service, 'gvisor')).toMatchObject({ status: 'pass' });
  });
});

describe('the repair', () => {
  it('closes the service’s own files, follows no link, and leaves an audit row', async () => {
    const outside = join(service.home.root, 'outside');
    writeFileSync(outside, '', { mode: 0o644 });
    symlinkSync(outside, join(service.dataDir, 'secrets.link'));
    chmodSync(join(service.dataDir, 'audit.key'), 0o644);
    const answer = await service.api('POST', '/api/v1/hardening/repairs');
    expect(answer.status, answer.text).toBe(200);
    expect(modeOf(join(service.dataDir, 'audit.key'))).toBe(0o600);
    expect(modeOf(outside)).toBe(0o644);
    expect(itemOf(answer.body.report, 'file-modes').detail).toContain('secrets.link');
    const trail = await service.api('GET', '/api/v1/audit?action=hardening.repaired');
    expect(trail.body.items.length).toBeGreaterThan(0);
  });
});

describe('the acknowledgement of a backup', () => {
  const PATH = '/api/v1/hardening/acknowledgements/master-key-backup';

  it('holds for the key in use, across a restart, until it is withdrawn or the key changes', async () => {
    const keep = { ...service.env };
    expect(await freshItem(service, 'master-key-backup')).toMatchObject({ status: 'warn' });
    const wrong = await service.api('PUT', PATH, { body: { proof: '0'.repeat(64) } });
    expect([wrong.status, wrong.body.error.code]).toEqual([422, 'key_mismatch']);
    expect((await service.api('PUT', PATH, { body: { proof: 'x' } })).status).toBe(400);
    expect(await freshItem(service, 'master-key-backup')).toMatchObject({ status: 'warn' });

    expect((await service.api('PUT', PATH, { body: {} })).status).toBe(204);
    await service.restart();
    const item = await freshItem(service, 'master-key-backup');
    expect(item).toMatchObject({ status: 'pass', detail: expect.stringContaining('by loopback') });
    const trail = await service.api('GET', '/api/v1/audit?action=hardening.acknowledged');
    expect(trail.body.items[0]).toMatchObject({ target: 'master-key-backup' });

    service.env.MASTER_KEY = 'another key, of which nobody has a copy';
    await service.restart();
    expect(await freshItem(service, 'master-key-backup')).toMatchObject({ status: 'warn' });
    service.env.MASTER_KEY = keep.MASTER_KEY ?? '';
    await service.restart();
    expect(await freshItem(service, 'master-key-backup')).toMatchObject({ status: 'pass' });
    expect((await service.api('DELETE', PATH)).status).toBe(204);
    expect((await service.api('DELETE', PATH)).status).toBe(204);
    expect(await freshItem(service, 'master-key-backup')).toMatchObject({ status: 'warn' });
    const withdrawn = await service.api(
      'GET',
      '/api/v1/audit?action=hardening.acknowledgement_withdrawn',
    );
    expect(withdrawn.body.items).toHaveLength(1);
  });
});

describe('another service', () => {
  it('beyond loopback without a token, with loose settings and a full disk, fails', async () => {
    const loose = await startService({
      env: { RISOLUTO_BIND: '0.0.0.0', MASTER_KEY: undefined },
      yaml: {
        ...UNLIMITED,
        runs: { minFreeDisk: '900000g' },
        codex: {
          sandbox: { image: 'no-such-image:1', security: { dropCapabilities: false } },
        },
      },
    });
    try {
      const checklist = await freshChecklist(loose);
      const statusOf = (id: string) => itemOf(checklist, id).status;
      expect(statusOf('bind-and-write-token')).toBe('fail');
      expect(statusOf('security-defaults')).toBe('fail');
      expect(statusOf('disk-space')).toBe('fail');
      expect(statusOf('image')).toBe('fail');
      expect(statusOf('rate-limits')).toBe('warn');
      expect(statusOf('master-key')).toBe('warn');
      expect(itemOf(checklist, 'master-key-backup').checked).toBe(false);
      expect(checklist.status).toBe('fail');
    } finally {
      await loose.stop();
    }
  });

  it.each([
    ['runc', false],
    ['runsc', true],
  ])(
    'seccomp passes with hardened under %s, and says so wherever it is asked',
    async (runtime, gvisor) => {
      const security = { gvisor, seccompProfile: 'hardened' };
      const hardened = await startService({
        yaml: { ...UNLIMITED, codex: { sandbox: { security } } },
      });
      try {
        const item = await freshItem(hardened, 'seccomp');
        expect(item, item.detail).toMatchObject({ status: 'pass', checked: true });
        expect(item.detail).toContain('the hardened profile');
        const { body } = await hardened.api('GET', '/api/v1/runtime');
        expect(body).toMatchObject({ facts: { sandbox: { runtime, seccompProfile: 'hardened' } } });
      } finally {
        await hardened.stop();
      }
    },
  );

  it('with a token, an image by its id and a profile of its own passes those, and asks for the token', async () => {
    const { Id } = await engine().getImage('risoluto-sandbox:latest').inspect();
    const profile = join(service.home.root, 'profile.json');
    const denied = [{ names: ['mount'], action: 'SCMP_ACT_ERRNO' }];
    writeFileSync(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: denied }));
    const token = 'a-write-token-of-the-tests';
    const strict = await startService({
      env: { RISOLUTO_WRITE_TOKEN: token },
      yaml: { codex: { sandbox: { image: Id, security: { seccompProfile: profile } } } },
    });
    try {
      const checklist = await freshChecklist(strict, token);
      for (const id of ['bind-and-write-token', 'image', 'seccomp', 'rate-limits']) {
        expect(itemOf(checklist, id), itemOf(checklist, id).detail).toMatchObject({
          status: 'pass',
        });
      }
      writeFileSync(profile, '{"defaultAction":');
      expect(itemOf(await freshChecklist(strict, token), 'seccomp')).toMatchObject({
        status: 'fail',
        detail: expect.stringContaining('not JSON'),
      });
      expect((await strict.api('GET', '/api/v1/hardening')).status).toBe(200);
      expect((await strict.api('GET', '/api/v1/hardening?fresh=true')).status).toBe(401);
      expect((await strict.api('POST', '/api/v1/hardening/repairs')).status).toBe(401);
      expect(JSON.stringify(checklist)).not.toContain(token);
    } finally {
      await strict.stop();
    }
  });
});
