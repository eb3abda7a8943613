import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { sh, UNLIMITED } from './run-questions.js';
import { runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { diffOf, filesIn, IDENTITY, refusalOf, worked } from './diff-questions.js';

/**
 * Leaves a mark where it may write. Where it may not, as in the helper, it kills all that its user runs
 * there, and no diff is made.
 */
const PAYLOAD = `cat >payload <<'SH'
#!/bin/sh
touch "/workspace/ran/$1" 2>/dev/null || kill -9 -1
SH
chmod 755 payload`;

/** Every way that git has to run something on a look at a repository, each with a mark of its own. */
const PLANT = `git init -q -b main .; ${IDENTITY}
${PAYLOAD}
mkdir ran; echo ran >.gitignore
printf '%s\\n' '*.clean filter=cleaned' '*.long filter=long' '*.text diff=text' '*.own diff=own' >.gitattributes
for name in a.clean a.long a.text a.own plain; do echo one >$name; done
git init -q -b main module; (cd module; ${IDENTITY} echo one >file; git add .; git commit -qm one)
git add . 2>/dev/null; git commit -qm base
for hook in post-index-change pre-commit post-checkout reference-transaction; do
  printf '#!/bin/sh\\nexec /workspace/payload hook-%s\\n' $hook >.git/hooks/$hook; chmod 755 .git/hooks/$hook
done
(cd module; git config core.fsmonitor '/workspace/payload submodule')
printf '[extra]\\n[core]\\n\\tpager = /workspace/payload pager; cat\\n' >.git/extra
git config include.path extra
git config diff.text.textconv '/workspace/payload textconv;:'
git config diff.own.command '/workspace/payload driver;:'
git config diff.external '/workspace/payload external;:'
git config credential.helper '!/workspace/payload credential;:'
git config filter.long.process '/workspace/payload process'
git config filter.cleaned.clean '/workspace/payload clean; cat'
git config core.fsmonitor '/workspace/payload fsmonitor'`;

/** What runs each of them. */
const CONTROLS = `
git status >/dev/null 2>&1 || true
git diff -- plain >/dev/null 2>&1 || true
git diff -- a.own >/dev/null 2>&1 || true
git diff --no-ext-diff -- a.text >/dev/null 2>&1 || true
git add a.long >/dev/null 2>&1 || true
echo three >a.clean; git add a.clean >/dev/null 2>&1 || true
printf 'protocol=https\\nhost=example.org\\n\\n' | git credential fill >/dev/null 2>&1 || true
script -qec 'git log' /dev/null >/dev/null 2>&1 || true
ls ran`;

const MARKS = [
  'clean',
  'credential',
  'driver',
  'external',
  'fsmonitor',
  'hook-post-index-change',
  'pager',
  'process',
  'submodule',
  'textconv',
];

describe('the diff of a hostile workspace', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService({ yaml: { ...UNLIMITED, runs: { minFreeDisk: '1m' } } });
  });
  afterAll(() => service?.stop());

  it('runs nothing that its repository names, and believes no attribute of it', async () => {
    await worked(service, 'EVIL-1', PLANT);
    const killed = await runToEnd(service, {
      issue: 'EVIL-1',
      command: sh('cd /workspace; git status; echo survived'),
      policy: { threadSandbox: 'read-only' },
    });
    expect([killed.exitCode, killed.stdout]).toEqual([137, '']);
    const controlled = await runToEnd(service, {
      issue: 'EVIL-1',
      command: sh(
        `cd /workspace; for name in a.clean a.long a.text a.own plain; do echo two >>$name; done
         echo two >>module/file; ${CONTROLS}`,
      ),
    });
    expect(controlled.stdout.trim().split('\n'), controlled.stderr).toEqual(MARKS);
    const patch = await diffOf(service, controlled.id);
    expect(filesIn(patch)).toEqual(['a.clean', 'a.long', 'a.own', 'a.text', 'plain']);
    expect(patch.match(/^\+two$/gm)).toHaveLength(4);
    expect(patch).toContain('-one\n+three\n');
  });

  it('does not fetch what is missing, and says so', async () => {
    await worked(
      service,
      'EVIL-2',
      `git init -q -b main .; ${IDENTITY} ${PAYLOAD}
       mkdir ran; echo ran >.gitignore; echo one >file; git add .; git commit -qm base
       git config core.repositoryFormatVersion 1; git config extensions.partialClone origin
       git config remote.origin.promisor true; git config remote.origin.url ssh://example.org/x ; git config remote.origin.partialCloneFilter blob:none
       git config core.sshCommand '/workspace/payload ssh'`,
    );
    const id = await worked(
      service,
      'EVIL-2',
      `blob=$(git rev-parse HEAD:file); rm -f ".git/objects/$(echo $blob | sed 's|..|&/|')"; echo two >file
       git diff 2>&1 || true; ls ran; test -e ran/ssh; rm ran/ssh`,
    );
    expect(await refusalOf(service, id)).toMatch(/^409 repository_unreadable: The commit at which/);
  });

  it('believes no object that is not what its name says, and nothing in place of another', async () => {
    const setUp = `git init -q -b main .; ${IDENTITY} echo one >file; mkdir d; echo one >d/x; git add .; git commit -qm base`;
    const put = (what: string, by: string) =>
      `old=.git/objects/$(git rev-parse ${what} | sed 's|..|&/|'); now=.git/objects/$(git rev-parse ${by} | sed 's|..|&/|')
       cp -f $now $old.new; mv -f $old.new $old;`;
    const quiet = 'test -z "$(git diff --no-ext-diff $base 2>/dev/null)"; ';
    await worked(service, 'EVIL-3', setUp);
    const forged = await worked(
      service,
      'EVIL-3',
      `base=$(git rev-parse HEAD); echo two >file; git commit -qam two; ${put('$base', 'HEAD')} ${quiet}`,
    );
    expect(await refusalOf(service, forged)).toMatch(/^409 repository_unreadable: /);

    await worked(service, 'EVIL-4', setUp);
    const replaced = await worked(
      service,
      'EVIL-4',
      `base=$(git rev-parse HEAD); echo two >file; git commit -qam two; git replace $base HEAD; ${quiet}`,
    );
    expect(filesIn(await diffOf(service, replaced))).toEqual(['file']);
  });

  it('shows what the repository’s own settings would hide', async () => {
    await worked(
      service,
      'EVIL-5',
      `git init -q -b main .; ${IDENTITY} echo one >file; echo one >skipped; echo one >worktree; git add .; git commit -qm base
       echo 'excluded*' >.git/info/exclude; echo '* -diff' >.git/info/attributes`,
    );
    const hide = `echo two >file; git update-index --assume-unchanged file; echo two >skipped
       git update-index --skip-worktree skipped; echo two >excluded; echo 'ignored*' >.gitignore; echo two >ignored
       mkdir inner; git init -q inner; echo two >inner/file; mkdir other; mkdir other/.git; echo two >other/file`;
    const id = await worked(
      service,
      'EVIL-5',
      `${hide}; git status --porcelain -uall | sort >/tmp/said; cat /tmp/said
       ! grep -E ' (file|skipped|excluded|ignored|inner/file)$' /tmp/said`,
    );
    const patch = await diffOf(service, id);
    expect(filesIn(patch)).toEqual([
      '.gitignore',
      'excluded',
      'file',
      'ignored',
      'inner/file',
      'other/file',
      'skipped',
    ]);
    expect(patch).not.toContain('Binary');
  });

  it('is not led out of the workspace by links and settings', async () => {
    await worked(
      service,
      'EVIL-6',
      `git init -q -b main .; ${IDENTITY} echo one >file; git add .; git commit -qm base; git config core.worktree /etc`,
    );
    const id = await worked(
      service,
      'EVIL-6',
      'test "$(git rev-parse --show-toplevel)" = /etc; ln -s /etc/passwd link; ln -s / root',
    );
    const patch = await diffOf(service, id);
    expect(filesIn(patch)).toEqual(['link', 'root']);
    expect(patch).toContain('+/etc/passwd\n\\ No newline');

    const linked = await worked(service, 'EVIL-7', 'ln -s /etc .git; echo one >file');
    expect(filesIn(await diffOf(service, linked))).toEqual(['file']);
    const after = await worked(service, 'EVIL-7', 'echo two >file');
    expect(await refusalOf(service, after)).toMatch(
      /^409 diff_unavailable: .* \.git is no regular file$/,
    );
  });
});
