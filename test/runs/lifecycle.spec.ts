import { createHash } from 'node:crypto';
import { join } from 'node:path';

import sqlite3 from 'sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { containersOf, filesWith, runFiles, volumes } from './leftovers.js';
import { auditOf, setSecret, sh, showRun, UNLIMITED, untilPrinted } from './run-questions.js';

const SECRET = 'lifecycle-s3cret-value';
const ENV_VALUE = 'lifecycle-env-value';

let service: RunningService;
let volumesBefore: string[];

beforeAll(async () => {
  volumesBefore = await volumes();
  service = await startService({
    env: { PASSED_ON: 'of the operator', KEPT_BACK: 'kept-back-canary' },
    yaml: {
      ...UNLIMITED,
      runs: { maxConcurrent: 2 },
      codex: { sandbox: { envPassthrough: ['PASSED_ON'] } },
    },
  });
  await setSecret(service, 'PLAIN_NAME', SECRET);
  await setSecret(service, 'dotted.name:1', `${SECRET}-2`);
});
afterAll(() => service.stop());

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('the outcome', () => {
  it('is the command’s own', async () => {
    const commands: [string[], string, number, string | null][] = [
      [sh('exit 0'), 'succeeded', 0, null],
      [sh('exit 7'), 'failed', 7, 'exit_code'],
      [['no-such-command'], 'failed', 127, 'exit_code'],
      [['/etc/passwd'], 'failed', 126, 'exit_code'],
      [sh('kill -TERM $$; sleep 5'), 'failed', 143, 'exit_code'],
      // Not for a lack of memory.
      [sh('kill -KILL $$'), 'failed', 137, 'exit_code'],
      [sh('kill -SEGV $$'), 'failed', 139, 'exit_code'],
    ];
    const found = await Promise.all(
      commands.map(async ([command], index) => {
        const run = await runToEnd(service, { issue: `OUT-${index}`, command });
        return [command, run.status, run.exitCode, run.reason];
      }),
    );
    expect(found).toEqual(commands);
  });

  it('comes with the way there: answer, location, phases in order, audit rows', async () => {
    const accepted = await service.api('POST', '/api/v1/runs', {
      body: { issue: 'WAY-1', command: ['true'] },
    });
    expect(accepted.status).toBe(202);
    const { id } = accepted.body as { id: string };
    expect(accepted.headers.location).toBe(`/api/v1/runs/${id}`);
    expect(accepted.body).toMatchObject({ issue: 'WAY-1', exitCode: null, actor: 'loopback' });

    await finishRun(service, id);
    const { phases, createdAt } = await showRun(service, id);
    const { queuedAt, preparingAt, runningAt, endedAt, finishedAt } = phases;
    const times = [createdAt, queuedAt, preparingAt, runningAt, endedAt, finishedAt];
    for (const time of times) expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect([...times].sort()).toEqual(times);
    expect(await auditOf(service, id)).toEqual(['run.created', 'run.started', 'run.finished']);
  });
});

describe('the environment', () => {
  it('is what was asked for and nothing of the service’s', async () => {
    const values = { ODD: `a'b"c\n$(id) \\ é ${ENV_VALUE}`, EMPTY: '' };
    const run = await runToEnd(service, {
      issue: 'ENV-1',
      env: values,
      secrets: { MAPPED: 'dotted.name:1' },
      command: sh(
        'env -0 | cut -z -d= -f1 | tr "\\0" "\\n" | sed s/$/=/; ' +
          'printf %s "$ODD" | sha256sum; printf %s "$MAPPED" | sha256sum; echo "$PASSED_ON"; ' +
          'cat /proc/*/environ /proc/*/cmdline | tr "\\0" "\\n" | grep -c "kept-bac[k]"; :',
      ),
    });
    const [names, rest] = [/^\w+=$/, /^[^=]*$/].map((kind) =>
      run.stdout.split('\n').filter((line) => line !== '' && kind.test(line)),
    );
    const ours = ['CODEX_HOME=', 'HOME=', 'HOSTNAME=', 'LANG=', 'PATH=', 'PWD=', 'TMPDIR='];
    const asked = ['EMPTY=', 'MAPPED=', 'ODD=', 'PASSED_ON='];
    expect(asked.filter((name) => !names?.includes(name))).toEqual([]);
    expect(names?.filter((name) => ![...ours, ...asked].includes(name))).toEqual([]);
    expect(rest).toEqual([
      `${sha256(values.ODD)}  -`,
      `${sha256(`${SECRET}-2`)}  -`,
      'of the operator',
      '0',
    ]);
  });

  it('takes secrets as a list of names too, and no secret that was not named', async () => {
    const command = sh('printf %s "$PLAIN_NAME" | sha256sum; env | grep -c ^MAPPED; :');
    const run = await runToEnd(service, { issue: 'ENV-2', secrets: ['PLAIN_NAME'], command });
    expect(run.stdout).toBe(`${sha256(SECRET)}  -\n0\n`);
  });

  it('refuses a list entry whose name is no variable’s, and a name given twice', async () => {
    for (const body of [
      { secrets: ['dotted.name:1'] },
      { secrets: ['PLAIN_NAME'], env: { PLAIN_NAME: 'x' } },
      { env: { LD_PRELOAD: '/x' } },
      { env: { HOME: '/x' } },
    ]) {
      const answer = await service.api('POST', '/api/v1/runs', {
        body: { issue: 'ENV-3', command: ['true'], ...body },
      });
      expect([400, 422], answer.text).toContain(answer.status);
      expect(answer.text).toMatch(/dotted\.name:1|env\.(PLAIN_NAME|LD_PRELOAD|HOME)/);
    }
  });
});

describe('directories', () => {
  it('of an issue last from run to run, and no other issue sees them; /tmp does not last', async () => {
    const mark = 'for d in /workspace "$HOME" /tmp "$CODEX_HOME"; do echo here >$d/mark-a; done';
    const look =
      'for f in /workspace "$HOME" /tmp "$CODEX_HOME"; do test -e $f/mark-a; echo $?; done';
    const everywhere = `${look}; find / -xdev -name 'mark-a' 2>/dev/null | wc -l`;
    expect(await runToEnd(service, { issue: 'DIR-1', command: sh(mark) })).toMatchObject({
      exitCode: 0,
    });
    const [same, other] = await Promise.all([
      runToEnd(service, { issue: 'DIR-1', command: sh(look) }),
      runToEnd(service, { issue: 'DIR-2', command: sh(everywhere) }),
    ]);
    expect(same.stdout).toBe('0\n0\n1\n1\n');
    expect(other.stdout).toBe('1\n1\n1\n1\n0\n');
  });
});

describe('the line', () => {
  it('is served first come first served, at most two at once', async () => {
    const ids: string[] = [];
    for (const issue of ['LINE-1', 'LINE-2', 'LINE-3', 'LINE-4', 'LINE-5']) {
      ids.push(await createRun(service, { issue, command: ['sleep', '1'] }));
    }
    await Promise.all(ids.map((id) => finishRun(service, id)));
    const runs = await Promise.all(ids.map((id) => showRun(service, id)));
    const spans = runs.map(({ phases }) => ({
      from: Date.parse(phases.preparingAt!),
      to: Date.parse(phases.finishedAt!),
    }));
    const starts = spans.map(({ from }) => from);
    expect([...starts].sort((one, other) => one - other)).toEqual(starts);
    const together = starts.map(
      (at) => spans.filter(({ from, to }) => from <= at && at < to).length,
    );
    expect(Math.max(...together)).toBe(2);
  });

  it('lets one run at a time into a workspace and meanwhile serves other issues', async () => {
    const command = sh('echo begin >>log; sleep 0.5; echo end >>log');
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) ids.push(await createRun(service, { issue: 'ONE-1', command }));
    const other = await createRun(service, { issue: 'ONE-2', command: ['true'] });
    await Promise.all([...ids, other].map((id) => finishRun(service, id)));
    const log = await runToEnd(service, { issue: 'ONE-1', command: ['cat', 'log'] });
    expect(log.stdout).toBe('begin\nend\n'.repeat(3));
    const last = await showRun(service, ids[2]!);
    const overtook = await showRun(service, other);
    expect(overtook.phases.preparingAt! < last.phases.preparingAt!).toBe(true);
  });
});

describe('waiting', () => {
  it('answers at the end, or after the time', async () => {
    const id = await createRun(service, { issue: 'WAIT-1', command: sh('echo up; sleep 3') });
    await untilPrinted(service, id, 'up');
    const before = performance.now();
    const early = await service.api('GET', `/api/v1/runs/${id}?wait=1`);
    expect(early.body.status).toBe('running');
    expect(performance.now() - before).toBeGreaterThan(950);
    const late = await service.api('GET', `/api/v1/runs/${id}?wait=30`);
    expect(late.body.status).toBe('succeeded');
    expect(Date.now() - Date.parse(late.body.phases.finishedAt as string)).toBeLessThan(1000);
  });

  it.each(['61', '-1', 'x', '1.5'])('refuses ?wait=%s', async (wait) => {
    const answer = await service.api('GET', `/api/v1/runs/whatever?wait=${wait}`);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('wait');
  });
});

describe('the list', () => {
  it('pages from the newest to the oldest without a gap, and filters', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      const command = ['sh', '-c', `exit ${i % 2}`];
      ids.unshift(await createRun(service, { issue: 'LIST-1', command }));
    }
    await Promise.all(ids.map((id) => finishRun(service, id)));
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = `issue=LIST-1&limit=2${cursor && `&cursor=${encodeURIComponent(cursor)}`}`;
      const page = await service.api('GET', `/api/v1/runs?${query}`);
      expect(page.body.items.length).toBeLessThanOrEqual(2);
      seen.push(...(page.body.items as { id: string }[]).map(({ id }) => id));
      cursor = page.body.nextCursor;
    }
    expect(seen).toEqual(ids);

    const failed = await service.api('GET', '/api/v1/runs?issue=LIST-1&status=failed');
    expect((failed.body.items as { id: string }[]).map(({ id }) => id)).toEqual([ids[1], ids[3]]);
    const none = await service.api('GET', '/api/v1/runs?issue=LIST-9');
    expect(none.body).toEqual({ items: [], nextCursor: null });
  });

  it.each(['cursor=nonsense', 'limit=0', 'limit=201', 'status=gone', 'issue=..', 'other=1'])(
    'refuses ?%s',
    async (query) => {
      const answer = await service.api('GET', `/api/v1/runs?${query}`);
      expect(answer.status, answer.text).toBe(400);
      expect(answer.text).toContain(query.split('=')[0]);
    },
  );
});

describe('a refused request', () => {
  it('makes no run and no audit row', async () => {
    const newest = async () => {
      const [audit, runs] = await Promise.all([
        service.api('GET', '/api/v1/audit?limit=1'),
        service.api('GET', '/api/v1/runs?limit=1'),
      ]);
      return { audit: audit.body.items, runs: runs.body.items };
    };
    const before = await newest();
    const refusals: [Record<string, unknown>, number, string][] = [
      [{ issue: '../up' }, 400, 'validation_failed'],
      [{ command: [] }, 400, 'validation_failed'],
      [{ command: ['a\0b'] }, 400, 'validation_failed'],
      [{ surprise: 1 }, 400, 'validation_failed'],
      [{ secrets: ['NO_SUCH'] }, 422, 'secret_unknown'],
      [{ env: { 'A B': '1' } }, 422, 'environment_refused'],
      [{ policy: { threadSandbox: 'danger-full-access' } }, 422, 'policy_widened'],
      [{ policy: { resources: { memory: 2 ** 50 } } }, 422, 'policy_widened'],
      [{ image: 'other:latest' }, 422, 'policy_widened'],
    ];
    for (const [change, status, code] of refusals) {
      const body = { issue: 'REF-1', command: ['true'], ...change };
      const answer = await service.api('POST', '/api/v1/runs', { body });
      expect([answer.status, answer.body.error?.code], answer.text).toEqual([status, code]);
      expect(answer.text).toContain(Object.keys(change)[0]);
    }
    expect(await newest()).toEqual(before);
    await runToEnd(service, { issue: 'REF-1', command: ['true'] });
    expect(await newest()).not.toEqual(before);
  });
});

describe('of a finished run', () => {
  it('nothing is left but its workspace, its HOME and its rows, without values', async () => {
    const id = await createRun(service, {
      issue: 'LEFT-1',
      env: { VISIBLE: ENV_VALUE },
      secrets: ['PLAIN_NAME'],
      command: sh('echo up; sleep 2; echo "$PLAIN_NAME"'),
    });
    await untilPrinted(service, id, 'up');
    // The same looks find what is there while it runs.
    expect(await containersOf(service, id)).toHaveLength(1);
    expect(await runFiles(service)).toContain(`${id}.conf`);
    expect(await storedRequest(id)).toContain(ENV_VALUE);

    expect(await finishRun(service, id)).toMatchObject({ status: 'succeeded' });
    expect(await containersOf(service)).toEqual([]);
    expect(await runFiles(service)).toEqual([]);
    expect(await volumes()).toEqual(volumesBefore);
    expect(JSON.parse(await storedRequest(id))).toMatchObject({ env: { VISIBLE: null } });
    expect(await filesWith(service, SECRET)).toEqual([]);
    expect(service.logs()).not.toContain(SECRET);
    expect(service.logs()).not.toContain(ENV_VALUE);
  });

  it('not even the file of a sandbox that could not be made', async () => {
    const poor = await startService({
      yaml: { ...UNLIMITED, codex: { sandbox: { image: 'risoluto-no-such-image:1' } } },
    });
    try {
      const run = await runToEnd(poor, { issue: 'POOR-1', command: ['true'] });
      expect(run).toMatchObject({ status: 'failed', exitCode: null });
      expect(JSON.stringify(run)).toContain('codex.sandbox.image');
      expect(await runFiles(poor)).toEqual([]);
      expect(await containersOf(poor)).toEqual([]);
    } finally {
      await poor.stop();
    }
  });
});

function storedRequest(id: string): Promise<string> {
  const file = join(service.dataDir, 'risoluto.db');
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(file, sqlite3.OPEN_READONLY, (failure) => {
      if (failure) return reject(failure);
      database.get<{ request: string }>(
        'SELECT request FROM runs WHERE id = ?',
        [id],
        (error, row) => {
          database.close();
          if (error) reject(error);
          else resolve(row.request);
        },
      );
    });
  });
}
