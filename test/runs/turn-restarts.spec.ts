import { join } from 'node:path';

import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { executeBeside } from '../support/audited-database.js';
import { engine, inside } from '../support/engine.js';
import { expectNoRemains } from '../support/remains.js';
import { createRun, finishRun } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { containersOf } from './leftovers.js';
import { outputOf } from './run-output.js';
import {
  auditOf,
  cancelRun,
  setSecret,
  sh,
  showRun,
  UNLIMITED,
  untilPrinted,
  untilStatus,
  type Run,
} from './run-questions.js';
import { askTurn, keptRun, turnsOf, turnToEnd } from './turn-questions.js';

const IDLE_SECONDS = 3;

let service: RunningService;
/** Its operator allows everything. */
let generous: RunningService;

beforeAll(async () => {
  [service, generous] = await Promise.all([
    startService({ yaml: { ...UNLIMITED, runs: { maxConcurrent: 3 } } }),
    startService({
      yaml: {
        ...UNLIMITED,
        runs: { maxConcurrent: 2 },
        codex: { threadSandbox: 'danger-full-access' },
      },
    }),
  ]);
  await setSecret(service, 'TOKEN', 'turn-restart-s3cret');
});
afterAll(() => Promise.all([service?.stop(), generous?.stop()]));

describe('after kill -9', () => {
  it('turns go on, wait, end as lost or as was stored, and runs stay idle', async () => {
    const go = 'until [ -e /tmp/go ]; do sleep 0.1; done';
    const runs = await Promise.all(
      ['KILL-1', 'KILL-2', 'KILL-3', 'KILL-4', 'KILL-5'].map((issue) =>
        keptRun(service, { issue, command: ['echo', 'first'], secrets: ['TOKEN'] }),
      ),
    );
    const [adopted, lost, stored, waits, idle] = runs as [string, string, string, string, string];
    const command = sh(`echo up; ${go}; echo "<$TOKEN>"; exit 6`);
    for (const id of [adopted, lost, stored]) await askTurn(service, id, { command });
    await Promise.all([adopted, lost, stored].map((id) => untilPrinted(service, id, 'up')));
    const asked = await askTurn(service, waits, { command: ['echo', 'second'] });
    expect(asked.body.status).toBe('queued');

    const [first = '', gone = '', ended = ''] = await Promise.all(
      [adopted, lost, stored].map(async (id) => (await containersOf(service, id))[0] ?? ''),
    );
    await service.kill9();
    await Promise.all([gone, ended].map((id) => engine().getContainer(id).remove({ force: true })));
    // As one is found that was killed between the outcome and what comes after it.
    const outcome = { status: 'failed', exitCode: 9, reason: 'exit_code', message: null };
    await executeBeside(
      join(service.dataDir, 'risoluto.db'),
      `UPDATE runs SET outcome = '${JSON.stringify(outcome)}', ended_at = 1 WHERE id = '${stored}'`,
    );
    await service.start();

    await untilStatus(service, lost, 'idle');
    expect((await turnsOf(service, lost))[1]).toMatchObject({
      status: 'lost',
      reason: 'container_gone',
    });
    expect(await untilStatus(service, stored, 'idle')).toMatchObject({ exitCode: 9, turn: 2 });
    expect(await showRun(service, idle)).toMatchObject({ status: 'idle', turn: 1, exitCode: 0 });
    await untilStatus(service, waits, 'idle');
    expect((await turnsOf(service, waits))[1]).toMatchObject({ status: 'succeeded' });

    expect(await showRun(service, adopted)).toMatchObject({ status: 'running', turn: 2 });
    await inside(first, 'touch /tmp/go');
    await untilStatus(service, adopted, 'idle');
    const lines = await outputOf(service, adopted);
    expect(lines.map(({ seq, turn }) => [seq, turn])).toEqual(
      lines.map((_, at) => [at + 1, at === 0 ? 1 : 2]),
    );
    expect(lines.map(({ text }) => text).join('')).toBe('first\nup\n<***>\n');
    expect((await turnsOf(service, adopted))[1]).toMatchObject({ status: 'failed', exitCode: 6 });
    const third = await turnToEnd(service, adopted, { command: sh('echo "third $TOKEN"') });
    expect(third).toMatchObject({ number: 3, stdout: 'third ***\n' });

    for (const id of runs) await cancelRun(service, id);
    expect(await showRun(service, lost)).toMatchObject({ status: 'lost' });
    await expectNoRemains(service);
  });
});

describe('the idle limit', () => {
  const limit = async (seconds: number | null) => {
    const answer = await generous.api('PATCH', '/api/v1/config/overlay', {
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { runs: { idleTimeoutSeconds: seconds } },
    });
    expect(answer.status, answer.text).toBe(200);
  };
  const idleFor = ({ phases }: Run) => Date.parse(phases.finishedAt!) - Date.parse(phases.endedAt!);

  it('closes a run that no turn was asked of, by the system, and lets the next one have its issue', async () => {
    const id = await keptRun(generous, { issue: 'IDLE-1', command: sh('exit 5') });
    const behind = await createRun(generous, { issue: 'IDLE-1', command: ['echo', 'at last'] });
    await limit(IDLE_SECONDS);
    const closed = await untilStatus(generous, id, 'failed');
    expect(closed).toMatchObject({ exitCode: 5, reason: 'exit_code' });
    // The host's count goes in steps of 10 ms.
    expect(idleFor(closed)).toBeGreaterThan(IDLE_SECONDS * 1000 - 50);
    const { body } = await generous.api('GET', `/api/v1/audit?target=${id}&limit=1`);
    expect(body.items).toMatchObject([{ action: 'run.finished', actor: 'system' }]);
    expect(await finishRun(generous, behind)).toMatchObject({ stdout: 'at last\n' });
  });

  it('counts while the service is away, and not while a turn is executed', async () => {
    await limit(null);
    const id = await keptRun(generous, { issue: 'IDLE-2', command: ['true'] });
    const asked = await askTurn(generous, id, { command: ['sleep', String(IDLE_SECONDS + 2)] });
    await limit(IDLE_SECONDS);
    const long = await generous.api('GET', `${asked.headers.location}?wait=60`);
    expect(long.body).toMatchObject({ number: 2, status: 'succeeded' });
    await generous.kill9();
    await sleep(IDLE_SECONDS * 1000);
    await generous.start();
    await untilStatus(generous, id, 'succeeded', 5000);
    expect(await auditOf(generous, id)).toEqual([
      'run.created',
      'run.started',
      'run.turn_finished',
      'run.turn_created',
      'run.turn_started',
      'run.turn_finished',
      'run.finished',
    ]);
    await limit(null);
  });
});

describe('where the operator allows everything', () => {
  it('a turn may have the root file system writable, and the one behind it what the run asked for', async () => {
    const id = await keptRun(generous, {
      issue: 'ROOT-1',
      command: ['true'],
      policy: { turnSandboxPolicy: { type: 'readOnly' } },
    });
    const write = sh('for path in x /var/tmp/x; do (: >"$path") && echo "$path"; done; true');
    const turnSandboxPolicy = { type: 'dangerFullAccess' };
    const wide = await turnToEnd(generous, id, { command: write, turnSandboxPolicy });
    expect(wide).toMatchObject({ stdout: 'x\n/var/tmp/x\n', turnSandboxPolicy });
    expect((await turnToEnd(generous, id, { command: write })).stdout).toBe('');
    await cancelRun(generous, id);
  });
});
