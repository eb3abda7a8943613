import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { resolveExtraMounts, sourceProblem, targetProblem } from './extra-mounts.js';

let dir: string;
beforeAll(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'mounts-')));
  mkdirSync(join(dir, 'data/inner'), { recursive: true });
  mkdirSync(join(dir, 'cache'));
  symlinkSync('/etc', join(dir, 'to-etc'));
  symlinkSync(join(dir, 'data'), join(dir, 'to-data'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const resolve = (source: string, target = '/opt/cache') =>
  resolveExtraMounts([{ source, target, readOnly: true }], [join(dir, 'data')]);

describe('resolveExtraMounts', () => {
  it('gives the real source of what may be mounted', async () => {
    symlinkSync(join(dir, 'cache'), join(dir, 'to-cache'));
    expect(await resolve(join(dir, 'to-cache'))).toEqual([
      { source: join(dir, 'cache'), target: '/opt/cache', readOnly: true },
    ]);
  });

  it.each(['to-etc', 'to-data', 'data', 'data/inner', 'missing', '.'])(
    'refuses %s',
    async (source) => {
      await expect(resolve(join(dir, source))).rejects.toMatchObject({
        code: 'control_unavailable',
        details: [{ field: 'codex.sandbox.extraMounts.0.source' }],
      });
    },
  );

  it('refuses a socket', async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(join(dir, 'cache/s.sock'), done));
    await expect(resolve(join(dir, 'cache/s.sock'))).rejects.toMatchObject({
      code: 'control_unavailable',
    });
    server.close();
  });
});

describe('sourceProblem', () => {
  it.each([
    '/',
    '/proc',
    '/proc/1',
    '/sys',
    '/dev',
    '/dev/sda',
    '/etc',
    '/etc/shadow',
    '/boot',
    '/root',
    '/run',
    '/run/docker.sock',
    '/var/run',
    '/var/run/docker.sock',
    '/var',
    '/var/lib',
    '/var/lib/docker/volumes',
    '/kept',
    '/kept/a',
  ])('refuses %s', (source) => {
    expect(sourceProblem(source, ['/kept'])).not.toBeNull();
  });

  it.each(['/srv/cache', '/opt/tools', '/procession', '/kept-not'])('takes %s', (source) => {
    expect(sourceProblem(source, ['/kept'])).toBeNull();
  });
});

describe('targetProblem', () => {
  it.each([
    '/',
    '/workspace',
    '/workspace/x',
    '/home/agent/.ssh',
    '/etc/resolv.conf',
    '/proc/1',
    '/tmp',
    '/bin/sh',
    '/opt/../etc',
    '/opt//x',
    '/opt/',
    'opt',
    '/usr/bin',
  ])('refuses %s', (target) => {
    expect(targetProblem(target)).not.toBeNull();
  });

  it.each(['/opt/cache', '/mnt/data', '/srv/x'])('takes %s', (target) => {
    expect(targetProblem(target)).toBeNull();
  });
});
