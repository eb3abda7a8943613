import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { risoluto } from '../cli/risoluto.js';
import { containersOf } from './leftovers.js';
import { setSecret, UNLIMITED, untilPrinted } from './run-questions.js';
import { inside } from '../support/engine.js';
import { createRun, finishRun } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import {
  askDiff,
  diffOf,
  filesIn,
  helpersDuring,
  IDENTITY,
  refusalOf,
  worked,
} from './diff-questions.js';

const BASE = `git init -q -b main .; ${IDENTITY}
printf 'one\\ntwo\\nthree\\n' >file; echo gone >gone; printf '\\0\\1' >bin; ln -s file link
mkdir sub; echo run >sub/tool; printf 'build/\\n*.log\\n' >.gitignore; printf '!kept.log\\n' >sub/.gitignore
git add .; git commit -qm base`;

let service: RunningService;
beforeAll(async () => {
  service = await startService({
    yaml: { ...UNLIMITED, runs: { maxConcurrent: 4, minFreeDisk: '1m' } },
  });
});
afterAll(() => service?.stop());

describe('the diff of a run', () => {
  it('is every file, where the workspace was no repository', async () => {
    const id = await worked(service, 'DIFF-1', BASE);
    const answer = await askDiff(service, id);
    expect(answer.headers['diff-base']).toBe('none');
    expect(filesIn(answer.text)).toEqual([
      '.gitignore',
      'bin',
      'file',
      'gone',
      'link',
      'sub/.gitignore',
      'sub/tool',
    ]);
    expect(answer.text).toContain('Binary files /dev/null and b/bin differ');
    const env = { RISOLUTO_URL: service.url };
    const printed = { code: 0, stdout: answer.text, stderr: '' };
    expect(await risoluto(['diff', id], { env })).toEqual(printed);
    const { stdout } = await risoluto(['diff', id, '--json'], { env });
    expect(JSON.parse(stdout)).toEqual({ base: null, patch: answer.text });
    const head = await service.api('HEAD', `/api/v1/runs/${id}/diff`);
    expect([head.status, head.headers['diff-base'], head.text]).toEqual([200, 'none', '']);
  });

  it('tells what is committed and what is not, from the commit at which it began', async () => {
    await worked(service, 'DIFF-2', BASE);
    const id = await worked(
      service,
      'DIFF-2',
      `printf 'one\\nTWO\\nthree\\n' >file; git commit -qam two; rm gone; printf '\\0\\2' >bin
       ln -sf sub/tool link; chmod +x sub/tool; mkdir build; echo o >build/out; echo l >a.log; echo l >sub/kept.log
       echo new >'a "new" file'; echo forced >forced.log; git add -f forced.log
       echo secret >hidden; echo hidden >>.gitignore; mkfifo pipe; mkdir .GIT; echo x >.GIT/x`,
    );
    const patch = await diffOf(service, id);
    expect(filesIn(patch)).toEqual([
      '.gitignore',
      'a \\"new\\" file',
      'bin',
      'file',
      'forced.log',
      'gone',
      'hidden',
      'link',
      'sub/kept.log',
      'sub/tool',
    ]);
    expect(patch).toMatch(/^# 1 files are not shown: .* \.GIT\n/);
    expect(patch).toContain(' one\n-two\n+TWO\n three\n');
    expect(patch).toContain('Binary files a/bin and b/bin differ\n');
    expect(patch).toContain('-file\n\\ No newline at end of file\n+sub/tool\n');
    expect(patch).toContain('old mode 100644\nnew mode 100755\n');
  });

  it('is a patch that git applies', async () => {
    await worked(service, 'DIFF-3', BASE);
    const id = await worked(
      service,
      'DIFF-3',
      `printf 'one\\nTWO' >file; git mv gone moved; ln -sf moved link; mkdir x; seq 2000 >x/y; chmod 755 sub/tool`,
    );
    const patch = await diffOf(service, id);
    expect(patch).toContain('rename from gone\nrename to moved\n');
    const copy = mkdtempSync(join(tmpdir(), 'risoluto-diff-'));
    try {
      writeFileSync(join(copy, 'base.sh'), BASE);
      const run = (...argv: string[]) => execFileSync(argv[0] ?? '', argv.slice(1), { cwd: copy });
      run('sh', '-ec', '. ./base.sh; rm base.sh');
      execFileSync('git', ['apply', '--index', '-'], { cwd: copy, input: patch });
      const there = service.workspacesDir;
      for (const name of ['file', 'moved', 'x/y', 'link']) {
        expect(readFileSync(join(copy, name))).toEqual(readFileSync(join(there, 'DIFF-3', name)));
      }
      expect(String(run('git', 'ls-files', '-s', 'sub/tool'))).toMatch(/^100755 /);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });

  it('is of a live run too, and whoever asks while it is computed joins', async () => {
    await worked(service, 'DIFF-4', BASE);
    const script = `cd /workspace; echo first >first; echo up; until [ -e /tmp/go ]; do sleep 0.1; done
      echo second >second; echo more; until [ -e /tmp/end ]; do sleep 0.1; done`;
    const id = await createRun(service, { issue: 'DIFF-4', command: ['sh', '-c', script] });
    await untilPrinted(service, id, 'up');
    const [container = ''] = await containersOf(service, id);
    const waiting = await createRun(service, { issue: 'DIFF-4', command: ['true'] });
    expect(await refusalOf(service, waiting)).toMatch(/^409 diff_unavailable: .* has not begun$/);
    const patches: string[] = [];
    const asked = await helpersDuring(async () => {
      patches.push(...(await Promise.all([1, 2, 3, 4].map(() => diffOf(service, id)))));
    });
    expect(asked).toBe(1);
    expect(patches.map(filesIn)).toEqual([1, 2, 3, 4].map(() => ['first']));
    await inside(container, 'touch /tmp/go');
    await untilPrinted(service, id, 'more');
    expect(filesIn(await diffOf(service, id))).toEqual(['first', 'second']);
    await inside(container, 'touch /tmp/end');
    await finishRun(service, waiting);
    expect(await refusalOf(service, id)).toMatch(/^409 workspace_taken: /);
    // It began from the same commit: what the run before it did not commit was there.
    expect(filesIn(await diffOf(service, waiting))).toEqual(['first', 'second']);
  });

  it.each([
    [
      'a shallow clone',
      `mkdir from; cd from; ${BASE}; git commit -q --allow-empty -m 2; cd ..
      git clone -q --depth 1 file:///workspace/from to; mv to/.git to/file .; rm -rf to from; git reset -q --hard`,
    ],
    [
      'a clone that shares objects',
      `mkdir from; cd from; ${BASE}; cd ..; git clone -q --shared from to
      mv to/.git .; rm -rf to; echo from >>.gitignore; git add .gitignore; git reset -q --hard HEAD
      echo from >>.gitignore; ${IDENTITY} git commit -qam ignore`,
    ],
    [
      'a worktree',
      `mkdir from; cd from; ${BASE}; git worktree add -q ../to; cd ..; mv to/.git .; rm -rf to
      git reset -q --hard; echo from >>.gitignore; git commit -qam ignore`,
    ],
    ['SHA-256', BASE.replace('git init', 'git init --object-format=sha256')],
    ['packed refs and objects', `${BASE}; git gc -q; test ! -e .git/refs/heads/main`],
  ])('is of %s too', async (name, setUp) => {
    const issue = `KIND-${name.length}`;
    await worked(service, issue, setUp);
    const id = await worked(service, issue, `printf 'one\\nTWO\\nthree\\n' >file; echo new >new`);
    const patch = await diffOf(service, id);
    expect(filesIn(patch)).toEqual(['file', 'new']);
    expect(patch).toContain(' one\n-two\n+TWO\n three\n');
  });

  it('has of a submodule its commit alone, and hides no files in one that is none', async () => {
    const commit = `${IDENTITY} git add .; git commit -qm one`;
    await worked(
      service,
      'DIFF-11',
      `git init -q -b main .; for name in sound broken empty; do git init -q -b main $name
       (cd $name; echo one >file; ${commit}); done; ${commit} 2>/dev/null; rm -rf empty/.git empty/file`,
    );
    const id = await worked(
      service,
      'DIFF-11',
      `(cd sound; echo two >file; git commit -qam two; echo three >file; echo new >new)
       rm broken/.git/HEAD; git -C sound rev-parse HEAD`,
    );
    const patch = await diffOf(service, id);
    expect(filesIn(patch)).toEqual(['broken', 'broken/file', 'sound']);
    expect(patch).toMatch(/^-Subproject commit [0-9a-f]{40}\n\+Subproject commit [0-9a-f]{40}$/m);
    expect(patch).not.toContain('three');
  });

  it('is refused where a file cannot be read, or the commit is gone', async () => {
    const closed = await worked(service, 'DIFF-12', 'echo one >file; chmod 0 file');
    expect(await refusalOf(service, closed)).toMatch(
      /^409 repository_unreadable: .* may not read$/,
    );
    await worked(service, 'DIFF-13', BASE);
    const gone = await worked(service, 'DIFF-13', 'find .git/objects -type f -delete');
    expect(await refusalOf(service, gone)).toMatch(/^409 repository_unreadable: The commit /);
  });

  it('goes on through the turns of a run', async () => {
    await worked(service, 'DIFF-5', BASE);
    const command = ['sh', '-c', 'echo 1 >first; git add .; git commit -qm 1'];
    const id = await createRun(service, { issue: 'DIFF-5', command, keepAlive: true });
    await service.api('GET', `/api/v1/runs/${id}?wait=30`);
    const turn = await service.api('POST', `/api/v1/runs/${id}/turns`, {
      body: { command: ['sh', '-c', 'echo 2 >second'] },
    });
    expect(turn.status, turn.text).toBe(202);
    await service.api('GET', `/api/v1/runs/${id}/turns/2?wait=30`);
    expect(filesIn(await diffOf(service, id))).toEqual(['first', 'second']);
    await service.api('POST', `/api/v1/runs/${id}/cancel`);
  });

  it('says what is not there', async () => {
    expect((await askDiff(service, '01K8Z3Q5V7W9X1Y3Z5A7B9C1D3')).body.error.code).toBe(
      'run_not_found',
    );
    const deleted = await worked(service, 'DIFF-6', 'echo 1 >file');
    await service.api('DELETE', '/api/v1/workspaces/DIFF-6');
    expect(await refusalOf(service, deleted)).toMatch(/^409 workspace_gone: /);
    const replaced = await worked(service, 'DIFF-7', 'echo 1 >file');
    const body = execFileSync('sh', [
      '-c',
      'cd "$1" && tar -czf - file',
      'sh',
      join(service.workspacesDir, 'DIFF-7'),
    ]);
    const put = await service.api('PUT', '/api/v1/workspaces/DIFF-7/archive', {
      body,
      headers: { 'content-type': 'application/gzip' },
    });
    expect(put.status, put.text).toBe(204);
    expect(await refusalOf(service, replaced)).toMatch(/^409 workspace_gone: /);
  });

  it('is bounded, and says by what', async () => {
    const long = await worked(service, 'DIFF-8', 'seq 1000000 >a; cp a b');
    expect(await refusalOf(service, long)).toMatch(
      /^413 diff_too_large: .* is longer than 8388608 bytes; download/,
    );
    const large = await worked(
      service,
      'DIFF-9',
      'head -c 300000000 /dev/urandom >large; truncate -s 5M holes',
    );
    expect(await refusalOf(service, large)).toMatch(
      /^413 diff_too_large: .* files of 305242880 bytes together, and 104857600 are/,
    );
  });

  it('has no value of the secrets that the run and its turns name', async () => {
    const lines = ['first line of a key', 'short', 'AAAABBBBCCCCDDDD'].join('\n');
    await setSecret(service, 'PLAIN', 'hunter2-hunter2');
    await setSecret(service, 'LINES', lines);
    const id = await worked(
      service,
      'DIFF-10',
      `printf '%s\\n' "before $PLAIN after" >plain; printf '%s\\n' "$LINES" >lines
       printf %s "$LINES" | base64 -w 20 >encoded; echo name >"file-$PLAIN"; ln -s "/x/$PLAIN" link`,
      { secrets: ['PLAIN', 'LINES'] },
    );
    const patch = await diffOf(service, id);
    expect(filesIn(patch)).toEqual(['encoded', 'file-***', 'lines', 'link', 'plain']);
    expect(patch).toContain('+before *** after\n');
    expect(patch).toContain('@@ -0,0 +1,3 @@\n+***\n+***\n+***\n');
    expect(patch).not.toMatch(/hunter2|first line|short|AAAABBBB/);
    const encoded = Buffer.from(lines).toString('base64');
    expect(patch).not.toContain(encoded.slice(0, 12));
    expect(patch).not.toContain(encoded.slice(24, 36));
  });
});
