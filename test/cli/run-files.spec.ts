import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { UNLIMITED } from '../runs/run-questions.js';
import { runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { tarGz } from '../workspaces/tar-bytes.js';
import { risoluto, type CliText } from './risoluto.js';

const MiB = 1024 * 1024;

let service: RunningService;
let scratch: string;
let checkout: string;

beforeAll(async () => {
  service = await startService({ yaml: UNLIMITED });
  scratch = mkdtempSync(join(tmpdir(), 'risoluto-files-'));
  checkout = join(scratch, 'checkout');
  mkdirSync(join(checkout, 'src'), { recursive: true });
  writeFileSync(join(checkout, 'build.sh'), 'cat src/größe > result; ls -A; exit "${1:-0}"');
  chmodSync(join(checkout, 'build.sh'), 0o755);
  writeFileSync(join(checkout, 'src', 'größe'), 'from the checkout\n');
  writeFileSync(join(checkout, 'n'.repeat(200)), 'long');
  symlinkSync('src/größe', join(checkout, 'latest'));
  execFileSync('mkfifo', [join(checkout, 'pipe')]);
});

afterAll(async () => {
  await service.stop();
  rmSync(scratch, { recursive: true, force: true });
});

function run(options: string[], command: string[], url = service.url): Promise<CliText> {
  return risoluto(['run', '--issue', 'FILES', ...options, '--', ...command], {
    env: { RISOLUTO_URL: url },
  });
}

function fresh(): string {
  return join(mkdtempSync(join(scratch, 'out-')), 'artefacts');
}

describe('risoluto run --upload --download', () => {
  it('sends a checkout and takes the artefacts back', async () => {
    const into = fresh();
    const result = await run(['--upload', checkout, '--download', into], ['./build.sh']);
    expect(result, result.stderr).toMatchObject({ code: 0 });
    expect(result.stdout.split('\n')).toEqual(
      expect.arrayContaining(['build.sh', 'latest', 'n'.repeat(200), 'result', 'src']),
    );
    expect(result.stderr).toBe('risoluto: left out: ./pipe\n');
    expect(readFileSync(join(into, 'result'), 'utf8')).toBe('from the checkout\n');
    expect(readFileSync(join(into, 'latest'), 'utf8')).toBe('from the checkout\n');
    expect(readdirSync(into)).not.toContain('pipe');
  });

  it('takes them from a run that failed, and ends with its exit code', async () => {
    const into = fresh();
    const result = await run(['--upload', checkout, '--download', into], ['./build.sh', '7']);
    expect(result.code).toBe(7);
    expect(existsSync(join(into, 'result'))).toBe(true);
  });

  it('leaves out what leads outside, and says so', async () => {
    const into = fresh();
    const script = 'rm -rf ./*; ln -s /etc/passwd out; mkdir -p a; ln -s ../.. a/up; echo x > kept';
    const result = await run(['--download', into], ['sh', '-c', script]);
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toMatch(/left out: "\.\/out" is a link that leaves/);
    expect(readdirSync(into).toSorted()).toEqual(['a', 'kept']);
    expect(readdirSync(join(into, 'a'))).toEqual([]);
  });

  it('starts nothing where a directory is wrong or what is sent is refused', async () => {
    const before = (await service.api('GET', '/api/v1/runs?limit=200')).body.items.length;
    const full = fresh();
    mkdirSync(full);
    writeFileSync(join(full, 'mine'), 'mine');
    expect(await run(['--download', full], ['true'])).toMatchObject({ code: 120 });
    expect(await run(['--upload', join(scratch, 'missing')], ['true'])).toMatchObject({
      code: 120,
    });
    const leading = join(scratch, 'leading');
    mkdirSync(leading);
    symlinkSync('/etc', join(leading, 'etc'));
    const refused = await run(['--upload', leading], ['true']);
    expect(refused.code).toBe(121);
    expect(refused.stderr).toContain('archive_refused');
    const after = (await service.api('GET', '/api/v1/runs?limit=200')).body.items.length;
    expect(after).toBe(before);
    expect(readdirSync(full)).toEqual(['mine']);
  });
});

describe('a workspace that is too large to be taken', () => {
  const grow = 'truncate -s 30g hole; exit "$0"';
  const size = ['run', '--issue', 'LARGE', '--download'];
  const env = () => ({ RISOLUTO_URL: service.url });

  it('ends the command as any refusal does, and a command that failed as it ended', async () => {
    const into = fresh();
    const refused = await risoluto([...size, into, '--', 'sh', '-c', grow, '0'], { env: env() });
    expect(refused.code, refused.stderr).toBe(121);
    expect(refused.stderr).toContain('archive_too_large');
    const failed = await risoluto([...size, into, '--', 'sh', '-c', grow, '7'], { env: env() });
    expect(failed.code, failed.stderr).toBe(7);
    expect(failed.stderr).toContain('archive_too_large');
    expect(readdirSync(into)).toEqual([]);
  });
});

it('keeps an upload below the workspace, with owners, modes and git’s hooks as they must be', async () => {
  const sent = tarGz(
    { name: './', type: '5', mode: 0o4777 },
    { name: 'program', body: 'x', mode: 0o6755 },
    { name: 'same', type: '1', link: 'program' },
    { name: 'closed/', type: '5', mode: 0o1000 },
    { name: 'closed/file', body: 'x', mode: 0o000 },
    { name: 'link', type: '2', link: 'closed/file' },
    { name: '.git/hooks/pre-commit', body: 'sent\n', mode: 0o755 },
    { name: '.git/config', body: '[core]\n' },
  );
  const answer = await service.api('PUT', '/api/v1/workspaces/MODES/archive', {
    body: sent,
    headers: { 'content-type': 'application/gzip' },
  });
  expect(answer.status, answer.text).toBe(204);
  const script = [
    'find /workspace -mindepth 1 -printf "%M %U:%G %n %P\\n" | sed "s/ $(id -u):$(id -g) / mine /"',
    'for file in .git/hooks/pre-commit .git/hooks/new .git/config; do',
    '  (echo planted >> $file) 2> /dev/null && echo wrote $file',
    'done',
    'mv .git away 2> /dev/null && echo moved; touch .git/index && echo index',
  ];
  const { stdout, stderr } = await runToEnd(service, {
    issue: 'MODES',
    command: ['bash', '-c', script.join('\n')],
  });
  expect(stdout.trim().split('\n').toSorted(), stderr).toEqual([
    '---------- mine 1 closed/file',
    '-rw-r--r-- mine 1 .git/config',
    '-rwxr-xr-x mine 1 .git/hooks/pre-commit',
    '-rwxr-xr-x mine 2 program',
    '-rwxr-xr-x mine 2 same',
    'drwx------ mine 2 closed',
    'drwxr-xr-x mine 2 .git/hooks',
    'drwxr-xr-x mine 3 .git',
    'index',
    'lrwxrwxrwx mine 1 link',
  ]);
});

describe('an archive from a service that means harm', () => {
  let server: Server;
  let archive: Buffer;
  let cut = false;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const { url = '', method } = request;
      const finished = { id: '01K8Z3Q5V7W9X1Y3Z5A7B9C1D3', status: 'succeeded', exitCode: 0 };
      if (url.includes('/archive')) {
        response.setHeader('content-type', 'application/gzip');
        if (cut) response.write(archive.subarray(0, -20), () => response.destroy());
        else response.end(archive);
      } else if (url.includes('/output')) {
        response.setHeader('content-type', 'text/event-stream');
        response.end('event: end\ndata: {}\n\n');
      } else {
        response.statusCode = method === 'POST' ? 202 : 200;
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ ...finished, reason: null, message: null }));
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => void server.close());

  it.each([
    ['climbs', () => tarGz({ name: 'ok', body: 'x' }, { name: '../escaped', body: 'x' })],
    ['is absolute', () => tarGz({ name: join(scratch, 'escaped'), body: 'x' })],
    ['holds a device', () => tarGz({ name: 'null', type: '3' })],
    [
      'goes through a link',
      () =>
        tarGz(
          { name: 'l', type: '2', link: '..' },
          { name: 'l', type: '5' },
          { name: '../l/escaped' },
        ),
    ],
  ])('that %s leaves nothing anywhere', async (_what, bytes) => {
    archive = bytes();
    cut = false;
    const into = fresh();
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const result = await run(['--download', into], ['true'], url);
    expect(result.code, result.stderr).toBe(119);
    expect(readdirSync(into)).toEqual([]);
    expect(readdirSync(join(into, '..'))).toEqual(['artefacts']);
    expect(existsSync(join(scratch, 'escaped'))).toBe(false);
  });

  it.each([
    [
      'has no room for',
      'disk has room for',
      () => tarGz({ name: 'a', body: Buffer.alloc(31 * MiB) }),
    ],
    [
      'would break in the middle of',
      'disk has room for',
      () =>
        tarGz(
          { name: 'a', body: Buffer.alloc(17 * MiB) },
          { name: 'b', body: Buffer.alloc(17 * MiB) },
        ),
    ],
  ])('that the disk %s leaves it as it was', async (_what, message, bytes) => {
    const disk = fresh();
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', disk]);
    try {
      cut = false;
      const into = join(disk, 'artefacts');
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      archive = tarGz({ name: 'fits', body: Buffer.alloc(29 * MiB) });
      expect(await run(['--download', into], ['true'], url)).toMatchObject({ code: 0 });
      rmSync(into, { recursive: true });

      archive = bytes();
      const result = await run(['--download', into], ['true'], url);
      expect(result.code, result.stderr).toBe(119);
      expect(result.stderr).toContain(message);
      expect(readdirSync(into)).toEqual([]);
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  it('that is cut off leaves nothing, and is no success', async () => {
    archive = tarGz({ name: 'a', body: 'x'.repeat(5000) }, { name: 'b', body: 'y' });
    cut = true;
    const into = fresh();
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect((await run(['--download', into], ['true'], url)).code).toBe(119);
    expect(readdirSync(into)).toEqual([]);
  });
});
