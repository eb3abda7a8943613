import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { engine } from '../support/engine.js';
import { expectNoRemains } from '../support/remains.js';
import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { queryStored } from '../support/stored.js';
import { containersOf, filesWith } from './leftovers.js';
import { allEvents, followEvents, linesOf, outputOf } from './run-output.js';
import {
  auditOf,
  cancelRun,
  setSecret,
  sh,
  showRun,
  UNLIMITED,
  untilPrinted,
  untilStatus,
} from './run-questions.js';
import { askTurn, awaitRun, keptRun, turnsOf, turnToEnd } from './turn-questions.js';

const SECRETS = { OF_RUN: 'turns-s3cret/of the run', OF_TURN: 'turns-s3cret/of a turn' };

let service: RunningService;

beforeAll(async () => {
  service = await startService({ yaml: { ...UNLIMITED, runs: { maxConcurrent: 2 } } });
  for (const [name, value] of Object.entries(SECRETS)) await setSecret(service, name, value);
});
afterAll(() => service?.stop());

describe('the turns of a run', () => {
  it('share workspace and HOME, and neither processes nor /tmp', async () => {
    const id = await keptRun(service, {
      issue: 'SHARE-1',
      command: sh(`
        echo of-turn-1 | tee file "$HOME/file" /tmp/file >/dev/null
        (while :; do date >>ticks; sleep 0.1; done) & echo $! >pid
        sleep 0.4; grep -c . ticks; exit 3`),
    });
    const [first = ''] = await turnsOf(service, id).then((turns) => turns.map((t) => t.status));
    expect(first).toBe('failed');
    expect(await containersOf(service, id)).toEqual([]);
    const second = await turnToEnd(service, id, {
      command: sh(`
        cat file "$HOME/file"; ls /tmp | wc -l
        one=$(wc -l <ticks); sleep 0.5; echo $(($(wc -l <ticks) - one))
        ls -d /proc/[0-9]* | wc -l`),
    });
    const [, , , , processes = 0] = second.stdout.split('\n').map(Number);
    expect(second.stdout).toMatch(/^of-turn-1\nof-turn-1\n0\n0\n\d+\n$/);
    expect(processes).toBeLessThan(5);
    expect(await showRun(service, id)).toMatchObject({ status: 'idle', turn: 2, exitCode: 0 });
    const lines = await outputOf(service, id);
    expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1));
    await cancelRun(service, id);
  });

  it('have the run’s environment and secrets and their own, masked, and no longer than they last', async () => {
    const id = await keptRun(service, {
      issue: 'ENV-1',
      command: ['true'],
      env: { PLAIN: 'value-of-the-run', BOTH: 'run' },
      secrets: ['OF_RUN'],
    });
    const command = sh('echo "$PLAIN|$BOTH|$MORE|$OF_RUN|$RENAMED"');
    const second = await turnToEnd(service, id, {
      command,
      env: { BOTH: 'turn', MORE: 'value-of-turn-2' },
      secrets: { RENAMED: 'OF_TURN' },
    });
    expect(second).toMatchObject({
      stdout: 'value-of-the-run|turn|value-of-turn-2|***|***\n',
      env: ['BOTH', 'MORE'],
      secrets: { RENAMED: 'OF_TURN' },
    });
    const third = await turnToEnd(service, id, { command });
    expect(third.stdout).toBe('value-of-the-run|run||***|\n');
    const stored = () =>
      queryStored<{ text: string }>(
        service.dataDir,
        `SELECT request AS text FROM runs WHERE id = '${id}' UNION ALL
         SELECT request FROM run_turns WHERE run_id = '${id}' AND request IS NOT NULL`,
      ).then((rows) => rows.map(({ text }) => text).join('\n'));
    expect(await stored()).toContain('value-of-the-run');
    expect(await stored()).not.toContain('value-of-turn-2');
    await cancelRun(service, id);
    expect(await stored()).not.toContain('value-of-the-run');
    for (const value of Object.values(SECRETS)) {
      expect(await filesWith(service, value)).toEqual([]);
      expect(service.logs()).not.toContain(value);
    }
  });

  it('follow each other in one live stream, which ends with the run', async () => {
    const id = await keptRun(service, { issue: 'LIVE-1', command: ['echo', 'one'] });
    const events = followEvents(service, id).then(allEvents);
    await turnToEnd(service, id, { command: sh('echo two; exit 4') });
    const { id: ordinary } = await runToEnd(service, { issue: 'LIVE-2', command: ['true'] });
    await cancelRun(service, id);
    const all = await events;
    expect(linesOf(all).map(({ turn, text }) => [turn, text])).toEqual([
      [1, 'one\n'],
      [2, 'two\n'],
    ]);
    expect(all.at(-1)).toMatchObject({ event: 'end', data: '{"status":"failed","exitCode":4}' });
    expect(all.filter(({ event }) => event !== 'output')).toHaveLength(1);
    expect(await turnsOf(service, ordinary)).toMatchObject([
      { number: 1, status: 'succeeded', command: ['true'], turnSandboxPolicy: null },
    ]);
  });
});

describe('the policy of each turn', () => {
  it('is its own: what may be written, where /tmp is, and whether there is a network', async () => {
    const policy = { turnSandboxPolicy: { type: 'workspaceWrite', networkAccess: true } };
    const id = await keptRun(service, { issue: 'POL-1', command: ['mkdir', 'out'], policy });
    const write = (...paths: string[]) =>
      sh(`for path in ${paths.join(' ')}; do
            if (echo x >"$path") 2>/dev/null; then echo "$path yes"
            else sh -c ': >"$0"' "$path" 2>&1 | grep -o 'Read-only file system'; fi
          done; echo "TMPDIR=$TMPDIR"`);
    const outcome = async (turnSandboxPolicy: object | undefined, ...paths: string[]) => {
      const command = write(...paths);
      const turn = await turnToEnd(service, id, {
        command,
        ...(turnSandboxPolicy && { turnSandboxPolicy }),
      });
      return turn.stdout.trim().split('\n');
    };
    const refused = 'Read-only file system';
    expect(await outcome({ type: 'readOnly' }, 'new', 'out/new', '/tmp/new')).toEqual([
      refused,
      refused,
      '/tmp/new yes',
      'TMPDIR=/tmp',
    ]);
    const roots = { type: 'workspaceWrite', writableRoots: ['/workspace/out'] };
    expect(await outcome(roots, 'new', 'out/new')).toEqual([refused, 'out/new yes', 'TMPDIR=/tmp']);
    const noTmp = { type: 'workspaceWrite', excludeSlashTmp: true };
    expect(await outcome(noTmp, '/tmp/new', '/var/tmp/new')).toEqual([
      refused,
      '/var/tmp/new yes',
      'TMPDIR=/var/tmp',
    ]);
    const neither = { ...noTmp, excludeTmpdirEnvVar: true };
    expect(await outcome(neither, '/tmp/new', '/var/tmp/new')).toEqual([
      refused,
      refused,
      'TMPDIR=',
    ]);
    expect(await outcome(undefined, 'new', '/new')).toEqual(['new yes', refused, 'TMPDIR=/tmp']);

    const networks = [1, 2, 6].map(async (turn) => {
      const { body } = await service.api('GET', `/api/v1/runs/${id}/sandbox?turn=${turn}`);
      const controls = body.controls as { name: string; value: unknown; source: string }[];
      return controls.find(({ name }) => name === 'turnSandboxPolicy.networkAccess');
    });
    expect(await Promise.all(networks)).toMatchObject([
      { value: true, source: 'request' },
      { value: false, source: 'request' },
      { value: false, source: 'default' },
    ]);
    const danger = await askTurn(service, id, {
      command: ['true'],
      turnSandboxPolicy: { type: 'dangerFullAccess' },
    });
    expect([danger.status, danger.body.error]).toMatchObject([
      422,
      { code: 'policy_widened', details: [{ field: 'turnSandboxPolicy.type' }] },
    ]);
    await cancelRun(service, id);
  });
});

describe('a request for a turn', () => {
  it('is refused where the run takes none, or it asks for what it may not have', async () => {
    const id = await createRun(service, {
      issue: 'REF-1',
      command: sh('echo up; exec sleep 60'),
      keepAlive: true,
      env: { TAKEN: '1' },
    });
    await untilPrinted(service, id, 'up');
    const refusal = async (runId: string, body: object = {}) => {
      const answer = await askTurn(service, runId, { command: ['true'], ...body });
      const { code, details = [] } = answer.body.error as {
        code: string;
        details?: { field: string }[];
      };
      return [answer.status, code, ...details.map(({ field }) => field)];
    };
    expect(await refusal(id)).toEqual([409, 'turn_active']);
    expect(await refusal(id, { timeoutSeconds: 0 })).toEqual([
      400,
      'validation_failed',
      'timeoutSeconds',
    ]);
    await cancelRun(service, id);
    expect(await finishRun(service, id)).toMatchObject({ status: 'cancelled' });
    expect(await refusal(id)).toEqual([409, 'run_finished']);
    const { id: plain } = await runToEnd(service, { issue: 'REF-1', command: ['true'] });
    expect(await refusal(plain)).toEqual([409, 'run_not_kept_alive']);
    expect(await refusal('01ARZ3NDEKTSV4RRFFQ69G5FAV')).toEqual([404, 'run_not_found']);

    const idle = await keptRun(service, {
      issue: 'REF-2',
      command: ['true'],
      env: { TAKEN: '1' },
    });
    const before = await auditOf(service, idle);
    const refusals: [object, number, string, string][] = [
      [{ prompt: 'do it' }, 400, 'validation_failed', 'prompt'],
      [{ policy: {} }, 400, 'validation_failed', 'policy'],
      [{ command: [] }, 400, 'validation_failed', 'command'],
      [{ turnSandboxPolicy: { type: 'none' } }, 400, 'validation_failed', 'turnSandboxPolicy.type'],
      [{ secrets: { TAKEN: 'OF_RUN' } }, 400, 'validation_failed', 'secrets.TAKEN'],
      [{ secrets: ['NO_SUCH'] }, 422, 'secret_unknown', 'secrets'],
      [{ env: { PATH: '/x' } }, 422, 'environment_refused', 'env.PATH'],
      [{ timeoutSeconds: 604_800 }, 422, 'policy_widened', 'timeoutSeconds'],
    ];
    for (const [body, ...expected] of refusals) expect(await refusal(idle, body)).toEqual(expected);
    expect(await auditOf(service, idle)).toEqual(before);
    expect(await turnsOf(service, idle)).toHaveLength(1);
    for (const number of ['0', '2', 'x', '1e0']) {
      const answer = await service.api('GET', `/api/v1/runs/${idle}/turns/${number}`);
      expect([answer.status, answer.body.error.code]).toEqual([404, 'turn_not_found']);
    }
    await cancelRun(service, idle);
  });
});

describe('an idle run', () => {
  it('keeps its workspace from others, and no slot', async () => {
    const command = sh('echo x >>log');
    const kept = await Promise.all(
      [1, 2, 3].map((n) => keptRun(service, { issue: `HOLD-${n}`, command })),
    );
    await runToEnd(service, { issue: 'HOLD-4', command: ['true'] });
    const behind = await createRun(service, { issue: 'HOLD-1', command: ['cat', 'log'] });
    for (const [method, path] of [
      ['DELETE', 'HOLD-1'],
      ['GET', 'HOLD-1/archive'],
    ] as const) {
      const answer = await service.api(method, `/api/v1/workspaces/${path}`);
      expect([answer.status, answer.body.error?.code]).toEqual([409, 'workspace_busy']);
    }
    await turnToEnd(service, kept[0]!, { command });
    expect(await showRun(service, behind)).toMatchObject({ status: 'queued' });
    expect((await cancelRun(service, kept[0]!)).body).toMatchObject({ status: 'succeeded' });
    expect(await finishRun(service, behind)).toMatchObject({ stdout: 'x\nx\n' });
    const listed = await service.api('GET', '/api/v1/runs?status=idle');
    expect((listed.body.items as { id: string }[]).map((run) => run.id).sort()).toEqual(
      kept.slice(1).sort(),
    );
    for (const id of kept.slice(1)) await cancelRun(service, id);
  });

  it('ends as its last turn did when it is cancelled, and with its turn where that waits', async () => {
    const id = await keptRun(service, { issue: 'END-1', command: ['true'] });
    const timed = await turnToEnd(service, id, { command: ['sleep', '60'], timeoutSeconds: 1 });
    expect(timed).toMatchObject({ status: 'timed_out', reason: 'timeout' });
    const closed = await cancelRun(service, id);
    expect(closed.body).toMatchObject({ status: 'timed_out', reason: 'timeout', turn: 2 });
    const again = await cancelRun(service, id);
    expect([again.status, again.body.error.code]).toEqual([409, 'run_finished']);
    expect(await auditOf(service, id)).toEqual([
      'run.created',
      'run.started',
      'run.turn_finished',
      'run.turn_created',
      'run.turn_started',
      'run.turn_finished',
      'run.finished',
    ]);

    const waits = await keptRun(service, { issue: 'END-2', command: ['true'] });
    const busy = await Promise.all(
      [1, 2].map((n) =>
        createRun(service, { issue: `BUSY-${n}`, command: sh('echo up; exec sleep 60') }),
      ),
    );
    await Promise.all(busy.map((one) => untilPrinted(service, one, 'up')));
    const asked = await askTurn(service, waits, { command: ['touch', 'never'] });
    expect(asked.body).toMatchObject({ number: 2, status: 'queued' });
    expect((await askTurn(service, waits, { command: ['true'] })).status).toBe(409);
    expect((await cancelRun(service, waits)).body).toMatchObject({ status: 'cancelled', turn: 2 });
    expect(await turnsOf(service, waits)).toMatchObject([
      { status: 'succeeded' },
      { status: 'cancelled', reason: 'cancelled' },
    ]);
    await Promise.all(busy.map((one) => cancelRun(service, one)));
    const look = await runToEnd(service, { issue: 'END-2', command: ['ls'] });
    expect(look.stdout).toBe('');
  });

  it('is cancelled with the turn that runs, and is there again when a turn could not start', async () => {
    const id = await keptRun(service, { issue: 'END-3', command: ['true'] });
    await askTurn(service, id, { command: sh('echo up; exec sleep 60') });
    await untilPrinted(service, id, 'up');
    await cancelRun(service, id);
    expect(await awaitRun(service, id)).toMatchObject({ status: 'cancelled', turn: 2 });
    expect((await turnsOf(service, id))[1]).toMatchObject({ status: 'cancelled' });

    const broken = await keptRun(service, { issue: 'END-4', command: ['true'] });
    const turnSandboxPolicy = { type: 'workspaceWrite', writableRoots: ['/workspace/no-such'] };
    const failed = await turnToEnd(service, broken, { command: ['true'], turnSandboxPolicy });
    expect(failed).toMatchObject({ status: 'failed', exitCode: null });
    expect(await untilStatus(service, broken, 'idle')).toMatchObject({ turn: 2 });
    await cancelRun(service, broken);
  });

  it('leaves nothing behind, counts turns and runs, and marks its containers', async () => {
    const id = await keptRun(service, { issue: 'LEFT-1', command: ['true'] });
    await askTurn(service, id, { command: sh('echo up; exec sleep 60') });
    await untilPrinted(service, id, 'up');
    const [container = ''] = await containersOf(service, id);
    const { Config } = await engine().getContainer(container).inspect();
    expect(Config.Labels['risoluto.turn']).toBe('2');
    await cancelRun(service, id);
    await awaitRun(service, id);
    await expectNoRemains(service);
    const { text } = await service.api('GET', '/metrics');
    const count = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
    expect(count('risoluto_turns_total\\{status="timed_out"\\}')).toBe(1);
    expect(count('risoluto_runs_total\\{status="timed_out"\\}')).toBe(1);
    expect(count('risoluto_turns_total\\{status="succeeded"\\}')).toBeGreaterThan(
      count('risoluto_runs_total\\{status="succeeded"\\}'),
    );
  });
});
