import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openApi, type ApiAnswer } from '../support/http.js';
import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { END, longName, pax, rawEntry, tarGz, tarOf, type RawEntry } from './tar-bytes.js';

const MiB = 1024 * 1024;
const GZIP = { 'content-type': 'application/gzip' };

let service: RunningService;
let scratch: string;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'risoluto-archives-'));
  service = await startService({
    yaml: {
      rateLimits: { api: { limit: 100_000 } },
      runs: { minFreeDisk: '1m', maxConcurrent: 4 },
      codex: { sandbox: { resources: { workspace: '64m' } } },
    },
  });
});

afterAll(async () => {
  await service.stop();
  rmSync(scratch, { recursive: true, force: true });
});

function put(issue: string, body: Buffer, headers = GZIP): Promise<ApiAnswer> {
  return service.api('PUT', `/api/v1/workspaces/${issue}/archive`, { body, headers });
}

/** Unpacks what the service sends, and answers where. */
async function download(issue: string, tolerated = /^$/): Promise<string> {
  const answer = await service.stream(`/api/v1/workspaces/${issue}/archive`);
  expect(answer.statusCode).toBe(200);
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const into = mkdtempSync(join(scratch, 'down-'));
  const { stderr } = spawnSync('tar', ['-xzf', '-', '-C', into], { input: Buffer.concat(chunks) });
  const said = stderr.toString('latin1').split('\n');
  expect(said.filter((line) => line !== '' && !tolerated.test(line))).toEqual([]);
  return into;
}

/** What lies beside the workspaces: nothing may be left of what was refused. */
async function leftovers(): Promise<string[]> {
  const names = await readdir(service.workspacesDir);
  return names.filter((name) => /^\.(arriving|ready)-/.test(name));
}

async function auditOf(action: string): Promise<{ target: string; details: unknown }[]> {
  return (await service.api('GET', `/api/v1/audit?action=${action}`)).body.items;
}

describe('a checkout on its way in and out', () => {
  it('is read by a run, and what the run wrote comes back', async () => {
    const sent = tarGz(
      { name: './', type: '5', mode: 0o755 },
      { name: 'README', body: 'from outside' },
      { name: 'bin/tool', body: '#!/bin/sh\necho tool ran\n', mode: 0o4755 },
      { name: 'latest', type: '2', link: 'bin/tool' },
      { name: 'same', type: '1', link: 'README' },
    );
    expect((await put('MT-1', sent)).status).toBe(204);

    const script =
      'cat README; ./latest; stat -c %a bin/tool; echo more >> README; echo made > out';
    const run = await runToEnd(service, { issue: 'MT-1', command: ['sh', '-c', script] });
    expect(run.stdout, run.stderr).toBe('from outsidetool ran\n755\n');

    const into = await download('MT-1');
    expect(readFileSync(join(into, 'out'), 'utf8')).toBe('made\n');
    // A hard link is one file still.
    expect(readFileSync(join(into, 'same'), 'utf8')).toBe('from outsidemore\n');
    expect(await auditOf('workspace.uploaded')).toMatchObject([{ target: 'MT-1' }]);
  });

  it('replaces the workspace, and leaves HOME as it is', async () => {
    const script = 'echo old > stale; echo cached > ~/cache';
    await runToEnd(service, { issue: 'MT-2', command: ['sh', '-c', script] });
    expect((await put('MT-2', tarGz({ name: 'fresh', body: 'x' }))).status).toBe(204);
    const run = await runToEnd(service, {
      issue: 'MT-2',
      command: ['sh', '-c', 'ls; cat ~/cache'],
    });
    expect(run.stdout).toBe('fresh\ncached\n');
  });

  it('keeps names of every length and alphabet', async () => {
    const deep = `${'d'.repeat(120)}/${'ü'.repeat(100)}`;
    const sent = tarGz(
      pax('path', 'größe/日本語'),
      { name: 'short', body: 'pax' },
      longName(deep),
      { name: 'cut', body: 'gnu' },
      { name: 'line\nbreak', body: 'odd' },
    );
    expect((await put('MT-3', sent)).status).toBe(204);
    const into = await download('MT-3');
    expect(readFileSync(join(into, 'größe/日本語'), 'utf8')).toBe('pax');
    expect(readFileSync(join(into, deep), 'utf8')).toBe('gnu');
    expect(readFileSync(join(into, 'line\nbreak'), 'utf8')).toBe('odd');
  });
});

describe('an archive that is refused', () => {
  const file = (name: string, more: Partial<RawEntry> = {}): RawEntry => ({
    name,
    body: 'x',
    ...more,
  });
  const link = (name: string, target: string): RawEntry => ({ name, type: '2', link: target });

  it.each<[string, string, Buffer]>([
    ['an absolute name', 'name_absolute', tarGz(file('/tmp/escaped'))],
    ['an absolute name in pax', 'name_absolute', tarGz(pax('path', '/tmp/escaped'), file('a'))],
    ['..', 'name_leaves', tarGz(file('../escaped'))],
    ['.. in the middle', 'name_leaves', tarGz(file('a/../../escaped'))],
    ['.. in a long name', 'name_leaves', tarGz(longName(`${'a/'.repeat(80)}../x`), file('a'))],
    ['a link to /', 'link_leaves', tarGz(link('etc', '/etc'))],
    ['a link that climbs out', 'link_leaves', tarGz(link('a/up', '../..'))],
    [
      'a link through a link',
      'link_leaves',
      tarGz(link('a/b/up', '../..'), link('out', 'a/b/up/..')),
    ],
    ['a file through a link', 'below_no_directory', tarGz(link('a', '.'), file('a/b'))],
    ['a hard link out', 'link_leaves', tarGz({ name: 'h', type: '1', link: '../../etc/passwd' })],
    ['an absolute hard link', 'link_leaves', tarGz({ name: 'h', type: '1', link: '/etc/passwd' })],
    [
      'a hard link to a link',
      'link_invalid',
      tarGz(link('l', 'x'), { name: 'h', type: '1', link: 'l' }),
    ],
    ['a character device', 'type_not_taken', tarGz({ name: 'null', type: '3' })],
    ['a block device', 'type_not_taken', tarGz({ name: 'sda', type: '4' })],
    ['a FIFO', 'type_not_taken', tarGz({ name: 'pipe', type: '6' })],
    ['a sparse file', 'type_not_taken', tarGz(file('s', { type: 'S' }))],
    ['sparse in pax', 'type_not_taken', tarGz(pax('GNU.sparse.major', '1'), file('s'))],
    ['an entry twice', 'duplicate', tarGz(file('a'), file('./a'))],
    ['a link in place of a file', 'duplicate', tarGz(file('a'), link('a', 'b'))],
    ['a name that is not UTF-8', 'name_not_utf8', tarGz({ name: Buffer.from([0x61, 0xff]) })],
    ['a name too long', 'name_too_long', tarGz(longName('n'.repeat(300)), file('a'))],
    ['too many directories', 'too_deep', tarGz(longName(`${'d/'.repeat(200)}x`), file('a'))],
    ['meta data of 1 MiB', 'name_too_long', tarGz(longName('n'.repeat(MiB)), file('a'))],
    ['a file too large', 'too_large', tarGz(file('big', { size: 65 * MiB }))],
    ['no gzip', 'not_an_archive', tarOf(file('a'))],
    ['no tar', 'not_an_archive', gzipSync(Buffer.alloc(4096, 0x41))],
    ['nothing', 'cut_off', Buffer.alloc(0)],
    ['cut in gzip', 'cut_off', tarGz(file('a')).subarray(0, -12)],
    ['cut in tar', 'cut_off', gzipSync(rawEntry(file('a', { size: 4096 })))],
    ['cut between entries', 'cut_off', gzipSync(rawEntry(file('a')))],
    [
      'garbage behind gzip',
      'not_an_archive',
      Buffer.concat([tarGz(file('a')), Buffer.from('more')]),
    ],
    ['zeros behind gzip', 'trailing_data', Buffer.concat([tarGz(file('a')), Buffer.alloc(512)])],
    [
      'garbage behind tar',
      'trailing_data',
      gzipSync(Buffer.concat([tarOf(file('a')), rawEntry(file('b'))])),
    ],
  ])('for %s', async (_what, reason, body) => {
    const answer = await put('EVIL', body);
    const status = reason === 'too_large' ? 413 : 422;
    expect(answer.status, answer.text).toBe(status);
    expect(answer.body.error.details[0].message).toMatch(new RegExp(`^${reason}: `));
    expect(await leftovers()).toEqual([]);
    expect(await readdir(service.workspacesDir)).not.toContain('EVIL');
  });

  it('names the entry, on one line', async () => {
    const { body } = await put('EVIL', tarGz(file('../a\n\u001b[31m')));
    expect(body.error.details[0].field).toBe('"../a\\n\\u001b[31m"');
  });

  it('for bombs, before they are unpacked', async () => {
    const zeros = rawEntry(file('zeros', { body: Buffer.alloc(60 * MiB) }));
    const more = rawEntry(file('more', { body: Buffer.alloc(60 * MiB) }));
    const bomb = gzipSync(Buffer.concat([zeros, more, END]));
    expect(bomb.length).toBeLessThan(MiB);
    expect((await put('EVIL', bomb)).body.error.code).toBe('archive_too_large');

    const many = Array.from({ length: 17_000 }, (_none, index) =>
      rawEntry({ name: `d${index}`, type: '5' }),
    );
    expect((await put('EVIL', tarGz(...many))).body.error.code).toBe('archive_too_large');

    const tail = gzipSync(Buffer.concat([tarOf(file('a')), END, Buffer.alloc(8 * MiB)]));
    expect((await put('EVIL', tail)).body.error.code).toBe('archive_refused');
  });

  it('without a look at its body: media type, issue, token', async () => {
    const body = tarGz(file('a'));
    expect((await put('EVIL', body, { 'content-type': 'application/json' })).status).toBe(415);
    expect((await put('..%2fEVIL', body)).status).toBe(400);
    const foreign = await service.api('PUT', '/api/v1/workspaces/EVIL/archive', {
      body,
      headers: { ...GZIP, 'x-forwarded-for': '10.0.0.1' },
    });
    expect(foreign.status).toBe(403);
  });

  it('leaves an earlier workspace as it was', async () => {
    await put('KEPT', tarGz(file('kept', { body: 'still here' })));
    expect((await put('KEPT', tarGz(file('new'), file('../x')))).status).toBe(422);
    const into = await download('KEPT');
    expect(await readdir(into)).toEqual(['kept']);
  });
});

describe('what a run left behind', () => {
  it('is packed, measured and removed without leaving the workspace', async () => {
    const secret = join(scratch, 'secret');
    writeFileSync(secret, 'host secret');
    const script = [
      `ln -s ${secret} file; ln -s ${scratch} dir; ln -s /etc/shadow shadow`,
      'mkfifo pipe; touch "$(printf \'new\\nline\')" "$(printf \'bad\\377utf8\')"',
      'mkdir closed && echo x > closed/in && chmod 000 closed',
      'python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\'sock\')" 2>/dev/null || true',
      'mkdir many && cd many && seq 20000 | xargs touch && cd ..',
      // Deeper than any path may be long.
      'for i in $(seq 60); do d=$(printf "%0100d" 0); mkdir $d && cd $d; done',
    ].join('\n');
    const run = await runToEnd(service, { issue: 'HOSTILE', command: ['bash', '-c', script] });
    expect(run, run.stderr).toMatchObject({ status: 'succeeded' });

    const into = await download('HOSTILE', /File name too long$|No such file|previous errors$/);
    const names = await readdir(into, { encoding: 'latin1' });
    expect(names).toEqual(
      expect.arrayContaining(['file', 'dir', 'shadow', 'new\nline', 'bad\xffutf8']),
    );
    expect(names).not.toContain('pipe');
    expect(names).not.toContain('sock');
    expect(execFileSync('readlink', [join(into, 'file')], { encoding: 'utf8' }).trim()).toBe(
      secret,
    );
    expect(readFileSync(join(into, 'closed', 'in'), 'utf8')).toBe('x\n');
    expect(await readdir(join(into, 'many'))).toHaveLength(20_000);
    execFileSync('rm', ['-rf', into]);

    await expect.poll(() => bytesOf('HOSTILE'), { timeout: 30_000 }).toBeGreaterThan(60 * 4096);

    expect((await service.api('DELETE', '/api/v1/workspaces/HOSTILE')).status).toBe(204);
    expect((await service.api('DELETE', '/api/v1/workspaces/HOSTILE')).status).toBe(404);
    await expect.poll(trash, { timeout: 60_000 }).toEqual([]);
    expect(readFileSync(secret, 'utf8')).toBe('host secret');
    expect(await auditOf('workspace.deleted')).toMatchObject([{ target: 'HOSTILE' }]);
  }, 150_000);

  it('is not sent where it is long holes, and is soon free for a run', async () => {
    await runToEnd(service, { issue: 'HOLES', command: ['truncate', '-s', '100m', 'hole'] });
    const into = await download('HOLES');
    expect(statSync(join(into, 'hole')).size).toBe(100 * MiB);
    execFileSync('rm', ['-rf', into]);

    await runToEnd(service, { issue: 'HOLES', command: ['truncate', '-s', '4T', 'hole'] });
    const answer = await service.api('GET', '/api/v1/workspaces/HOLES/archive');
    expect(answer).toMatchObject({ status: 413, body: { error: { code: 'archive_too_large' } } });
    expect(answer.body.error.message).toContain(String(128 * MiB));
    expect(await runToEnd(service, { issue: 'HOLES', command: ['rm', 'hole'] })).toMatchObject({
      status: 'succeeded',
    });
    expect(await readdir(await download('HOLES'))).toEqual([]);
  });

  it('is not looked into where a link or a file stands in its place', async () => {
    const elsewhere = join(scratch, 'elsewhere');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'mine'), 'mine');
    await symlink(elsewhere, join(service.workspacesDir, 'LINKED'));
    expect((await service.api('GET', '/api/v1/workspaces/LINKED/archive')).status).toBe(404);
    expect((await service.api('DELETE', '/api/v1/workspaces/LINKED')).status).toBe(404);
    const list = await service.api('GET', '/api/v1/workspaces?limit=200');
    expect(list.text).not.toContain('LINKED');
    expect((await put('LINKED', tarGz({ name: 'a', body: 'x' }))).status).toBe(204);
    expect(await readdir(elsewhere)).toEqual(['mine']);
  });
});

/** As the list tells it, which waits a while for what is being measured. */
async function bytesOf(name: string): Promise<number> {
  const list = await service.api('GET', '/api/v1/workspaces?limit=200');
  return list.body.items.find(({ issue }: { issue: string }) => issue === name).bytes as number;
}

async function trash(): Promise<string[]> {
  const both = [service.workspacesDir, join(service.workspacesDir, '.homes')];
  const names = await Promise.all(both.map((directory) => readdir(directory)));
  return names.flat().filter((name) => name.startsWith('.trash-'));
}

describe('a workspace in use', () => {
  it('is neither sent, replaced nor removed while a run has it', async () => {
    const id = await createRun(service, { issue: 'BUSY', command: ['sleep', '300'] });
    await expect
      .poll(async () => (await service.api('GET', `/api/v1/runs/${id}`)).body.status, {
        timeout: 30_000,
      })
      .toBe('running');
    for (const [method, path] of [
      ['GET', '/api/v1/workspaces/BUSY/archive'],
      ['DELETE', '/api/v1/workspaces/BUSY'],
    ] as const) {
      const answer = await service.api(method, path);
      expect(answer.status, `${method} ${path}`).toBe(409);
      expect(answer.body.error.code).toBe('workspace_busy');
    }
    expect((await put('BUSY', tarGz({ name: 'a' }))).status).toBe(409);
    await service.api('POST', `/api/v1/runs/${id}/cancel`);
    await finishRun(service, id);
    expect((await service.api('DELETE', '/api/v1/workspaces/BUSY')).status).toBe(204);
  });

  it('keeps runs waiting while it is sent, and lets them go on when the client leaves', async () => {
    const script = 'head -c 40000000 /dev/urandom > big';
    await runToEnd(service, { issue: 'SLOW', command: ['sh', '-c', script] });
    const answer = await openApi(service.url, 'GET', '/api/v1/workspaces/SLOW/archive');
    expect(answer.statusCode).toBe(200);
    const id = await createRun(service, { issue: 'SLOW', command: ['true'] });
    // A run of another issue overtakes it: nothing but the lease holds it back.
    await runToEnd(service, { issue: 'OTHER', command: ['true'] });
    expect((await service.api('GET', `/api/v1/runs/${id}`)).body.status).toBe('queued');
    expect((await service.api('DELETE', '/api/v1/workspaces/SLOW')).status).toBe(409);
    answer.destroy();
    expect(await finishRun(service, id)).toMatchObject({ status: 'succeeded' });
  });
});

describe('after kill -9', () => {
  it('what was begun is finished or gone, and nothing half done is left', async () => {
    const { workspacesDir: root } = service;
    await put('HALF', tarGz({ name: 'old', body: 'old' }));
    await service.kill9();
    mkdirSync(join(root, '.arriving-X'));
    writeFileSync(join(root, '.arriving-X', 'part'), 'x');
    mkdirSync(join(root, '.ready-HALF'));
    writeFileSync(join(root, '.ready-HALF', 'new'), 'new');
    mkdirSync(join(root, '.trash-X', 'deep'), { recursive: true });
    await service.start();
    expect(await leftovers()).toEqual([]);
    await expect.poll(trash, { timeout: 30_000 }).toEqual([]);
    expect(await readdir(await download('HALF'))).toEqual(['new']);
  });

  it('a workspace that the operator removed under a run has a true outcome, and is made anew', async () => {
    const script = 'touch begun; until [ ! -e begun ]; do sleep 0.1; done; touch late';
    const id = await createRun(service, { issue: 'GONE', command: ['sh', '-c', script] });
    const place = join(service.workspacesDir, 'GONE');
    await expect.poll(() => readdir(place).catch(() => []), { timeout: 30_000 }).toContain('begun');
    rmSync(place, { recursive: true });
    expect(await finishRun(service, id)).toMatchObject({ status: 'failed', exitCode: 1 });
    expect(await runToEnd(service, { issue: 'GONE', command: ['touch', 'again'] })).toMatchObject({
      status: 'succeeded',
    });
  });
});
