import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { RUNTIMES_TRIED } from '../codex/runtimes-tried.js';
import { engine } from '../support/engine.js';
import { sized } from '../support/long-form.js';
import { startService, type RunningService } from '../support/service.js';
import { diffOf, filesIn, IDENTITY, refusalOf, worked } from './diff-questions.js';
import { UNLIMITED } from './run-questions.js';

const REPOSITORY = `git init -q -b main .; ${IDENTITY} echo one >file; git add .; git commit -qm base`;
const ALTERNATES = '.git/objects/info/alternates';
/** Ten thousand million files, by ten trees that each name the one below ten times. */
const TREES = `git init -q -b main .; ${IDENTITY}
entry="100644 blob $(echo x | git hash-object -w --stdin)"
for depth in 1 2 3 4 5 6 7 8 9 10; do
  tree=$(for n in 0 1 2 3 4 5 6 7 8 9; do printf '%s\\t%s\\n' "$entry" $n; done | git mktree)
  entry="040000 tree $tree"
done
git update-ref refs/heads/main $(git commit-tree -m trees $tree)`;
const LONGEST_MS = 25_000;
/** Either the time or the scratch directory is at its end first. */
const ENDED = /^413 diff_too_large: .* (takes longer than 25 seconds|more than 104857600 bytes)/;

describe.each(RUNTIMES_TRIED)('the diff of a workspace that would exhaust it, %s', (runtime) => {
  let service: RunningService;
  beforeAll(async () => {
    const sandbox = { security: { gvisor: runtime === 'runsc' } };
    service = await startService({
      yaml: { ...UNLIMITED, runs: { minFreeDisk: '1m' }, codex: { sandbox } },
    });
  });
  afterAll(() => service?.stop());

  /** A run that begins at a commit and then does this. */
  async function after(issue: string, setUp: string, script: string): Promise<string> {
    await worked(service, issue, setUp);
    return worked(service, issue, script);
  }

  async function helpers(): Promise<number> {
    const filters = { label: ['risoluto.helper=run-diff'] };
    return (await engine().listContainers({ all: true, filters })).length;
  }

  it('takes objects from nowhere but the workspace, wherever its alternates lead', async () => {
    const victim = await worked(service, 'BOUND-1', `${REPOSITORY}; git rev-parse HEAD`);
    expect(filesIn(await diffOf(service, victim))).toEqual(['file']);
    const theirs = join(service.workspacesDir, 'BOUND-1', '.git/objects');
    // The workspace knows the name of the other's file, and has no object of it.
    const borrow = `git init -q -b main .; ${IDENTITY}
      blob=$(printf 'theirs\\n' | git hash-object --stdin)
      tree=$(printf '100644 blob %s\\tstolen\\n' $blob | git mktree --missing)
      git update-ref refs/heads/main $(git commit-tree -m borrowed $tree)`;
    await worked(service, 'BOUND-1', `printf 'theirs\\n' >own; git add own; git commit -qm own`);
    const lead = (lines: string) => `printf '%s\\n' ${lines} >${ALTERNATES}`;
    const stolen = await after('BOUND-2', borrow, lead(`'${theirs}'`));
    expect(await refusalOf(service, stolen)).toMatch(/^409 repository_unreadable: /);

    const everywhere = [
      ...[
        '/etc',
        '/',
        '/dev',
        '/dev/zero',
        '/proc/1/root',
        '/proc/self/fd',
        '/scratch/git/objects',
      ],
      ...[
        '..',
        '../../..',
        '../../../../../../..',
        '.',
        '"/workspace/\\\\056git/objects"',
        '#',
        '',
      ],
      ...['/workspace/.git/objects', `/${'x'.repeat(5000)}`, theirs],
    ];
    const led = await after(
      'BOUND-3',
      REPOSITORY,
      `${lead(everywhere.map((line) => `'${line}'`).join(' '))}; echo two >file`,
    );
    const patch = await diffOf(service, led);
    expect(filesIn(patch)).toEqual(['file']);
    expect(patch).toContain('-one\n+two\n');
  });

  it('ends what would never end, and then computes others', async () => {
    const sound = await after('BOUND-4', REPOSITORY, 'echo two >file');
    const fifo = await after('BOUND-5', REPOSITORY, `mkfifo ${ALTERNATES}; echo two >file`);
    const trees = await after('BOUND-6', TREES, 'echo two >file');
    const began = performance.now();

    const told = await Promise.all([fifo, trees].map((id) => refusalOf(service, id)));

    expect(performance.now() - began).toBeLessThan(LONGEST_MS + 15_000);
    expect(told[1]).toMatch(ENDED);
    // gVisor opens no pipe of a file system's: there is nothing to wait for.
    if (runtime === 'runsc') expect(filesIn(await diffOf(service, fifo))).toEqual(['file']);
    else expect(told[0]).toMatch(ENDED);
    expect(await helpers()).toBe(0);
    expect(filesIn(await diffOf(service, sound))).toEqual(['file']);
  });

  it('has no more memory than it may, however long the files of git are', async () => {
    const id = await after('BOUND-7', REPOSITORY, `truncate -s 1T ${ALTERNATES}`);
    expect(await refusalOf(service, id)).toMatch(/^413 diff_too_large: .* bytes of memory; /);
    const index = await after('BOUND-8', REPOSITORY, 'truncate -s 1T .git/index; echo two >file');
    expect(filesIn(await diffOf(service, index))).toEqual(['file']);
    expect(await helpers()).toBe(0);
  });

  // Under gVisor it takes minutes to make that many.
  it.skipIf(sized(true, runtime === 'runsc'))('looks at so many files and no more', async () => {
    // A file has no more than some 65,000 names.
    const many = `const fs = require('node:fs');
      for (let d = 0; d < 501; d += 1) {
        fs.mkdirSync('d' + d);
        fs.writeFileSync('d' + d + '/0', '');
        for (let n = 1; n < 1000; n += 1) fs.linkSync('d' + d + '/0', 'd' + d + '/' + n);
      }`;
    const id = await worked(service, 'BOUND-9', `node -e "${many}"`);
    expect(await refusalOf(service, id)).toMatch(
      /^413 diff_too_large: .* of 501000 files, and at most 500000/,
    );
  });
});
