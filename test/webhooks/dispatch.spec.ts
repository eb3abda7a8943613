import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { setSecret, untilStatus } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { LinearImpostor } from '../support/linear-impostor.js';
import { linearSchema } from '../support/linear-schema.js';
import { finishRun } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { update } from './issue-updates.js';
import {
  DEPLOYS_KEY,
  issueUpdate,
  LINEAR_SECRET,
  send,
  settled,
  signedByLinear,
  signedByStandard,
  type SentDelivery,
} from './senders.js';

const KEY = 'lin_api_d1spatch0s3cret';
const WORK = { state: 'In Progress', labels: 'agent' };
const WAITS = { command: ['sleep', '600'] };
const SCRIPT = 'printf "%s\\n" "$ISSUE_TITLE" "$1"; ls -A /workspace';
const RULES = [
  {
    name: 'build',
    when: { ...WORK, team: 'MT' },
    run: { command: ['sh', '-c', SCRIPT, 'sh', 'by {{ event.action }}: {{ issue.title }}'] },
    report: { started: { state: 'In Progress' }, succeeded: { state: 'Done' } },
  },
  { name: 'replaces', when: { ...WORK, team: 'NEW' }, run: WAITS, onNewer: 'replace' },
  { name: 'drops', when: { ...WORK, team: 'OLD' }, run: WAITS, onNewer: 'drop' },
  { name: 'waits', when: { ...WORK, team: 'WAIT' }, run: WAITS },
  {
    name: 'reviews',
    when: { state: 'In Review', team: 'WAIT' },
    run: WAITS,
    onNewer: 'drop',
  },
  {
    name: 'answers',
    when: { source: 'linear', type: 'Comment', action: 'create' },
    run: { command: ['echo', '{{ event.text }}'] },
  },
  { name: 'lacks', when: { ...WORK, team: 'SEC' }, run: { command: ['true'], secrets: ['LATER'] } },
];

let linear: LinearImpostor;
let service: RunningService;
beforeAll(async () => {
  linearSchema();
  linear = await LinearImpostor.start();
  linear.key = KEY;
  linear.addIssue('issue-1', 'MT-1');
  linear.addIssue('issue-2', 'TALK-1');
  service = await startService({
    env: { RISOLUTO_LINEAR_WEBHOOK_SECRET: LINEAR_SECRET },
    yaml: {
      rateLimits: { api: { limit: 1e9 }, webhooks: { limit: 1e9 } },
      runs: { maxConcurrent: 8 },
      dispatch: RULES,
      webhooks: {
        outbound: { linear: { apiUrl: linear.url } },
        standard: { deploys: { secrets: ['DEPLOYS'] } },
      },
    },
  });
  await setSecret(service, 'LINEAR_API_KEY', KEY);
  await setSecret(service, 'DEPLOYS', DEPLOYS_KEY.toString('base64'));
});
afterAll(async () => {
  await service?.stop();
  await linear?.close();
});

async function sent(delivery: SentDelivery): Promise<Shown> {
  const { id } = (await send(service, delivery)).body;
  return until('the delivery to be settled', async () => {
    const shown = (await service.api('GET', `/api/v1/webhooks/deliveries/${id}`)).body as Shown;
    return shown.status === 'pending' ? null : shown;
  });
}

interface Shown {
  id: string;
  status: string;
  rule: string | null;
  runId: string;
  reason: string | null;
  message: string | null;
  considered: { rule: string; matched: boolean; why: string }[];
}

async function runsOf(issue: string): Promise<{ id: string; status: string; actor: string }[]> {
  return (await service.api('GET', `/api/v1/runs?issue=${issue}`)).body.items;
}

const outputOf = async (id: string) =>
  (await service.api('GET', `/api/v1/runs/${id}/output`, { headers: { accept: 'text/plain' } }))
    .text;

describe('a signed delivery', () => {
  const title = `It's "$(touch /workspace/made)" & \`id\` {{ issue.url }}\nand more`;

  it('leads to a command in a real sandbox, whose outcome reaches Linear', async () => {
    const shown = await sent(update('MT-1', { title }));
    expect(shown).toMatchObject({ status: 'handled', rule: 'build', reason: null });
    expect(shown.considered.map(({ rule, matched }) => [rule, matched])).toEqual(
      RULES.map(({ name }) => [name, name === 'build']),
    );
    const run = await finishRun(service, shown.runId);
    expect(run).toMatchObject({ status: 'succeeded', issue: 'MT-1', actor: 'webhook:linear' });
    // Each value in its one element, and nothing of it was run.
    expect(await outputOf(shown.runId)).toBe(`${title}\nby update: ${title}\n`);
    await until('both comments', async () => (linear.comments.length === 2 ? true : null));
    expect(linear.comments.at(-1)?.body).toMatch(/exit code[^]*0[^]*by update/i);
    await until('both moves', async () => (linear.moves.length === 2 ? true : null));
    expect(linear.moves.map(({ stateId }) => stateId)).toEqual(['state-doing', 'state-done']);
  });

  it('starts nothing twice, whatever it comes back as', async () => {
    const first = update('MT-2');
    await sent(first);
    await send(service, first);
    await send(service, signedByLinear(first.body));
    await sent(update('MT-2', { title: 'Edited', from: { title: 'Before' } }));
    await settled(service);
    expect(await runsOf('MT-2')).toHaveLength(1);
  });

  it('that no rule matches says why, and starts nothing', async () => {
    const shown = await sent(update('MT-3', { state: 'Todo' }));
    expect(shown).toMatchObject({ status: 'ignored', rule: null, reason: 'no_rule', runId: null });
    expect(shown.considered[0]).toMatchObject({
      matched: false,
      why: expect.stringContaining('Todo') as string,
    });
    expect(await runsOf('MT-3')).toEqual([]);
  });

  it('that is the echo of a comment of ours answers nothing', async () => {
    const comment = (id: string, body: string) =>
      signedByLinear({
        ...issueUpdate('TALK-1'),
        type: 'Comment',
        action: 'create',
        data: { id, body, issue: { id: 'issue-2', identifier: 'TALK-1' } },
      });
    const { runId } = await sent(comment('comment-of-a-person', 'please'));
    await finishRun(service, runId);
    const ours = await until('both comments', async () => {
      const written = linear.comments.filter(({ issueId }) => issueId === 'issue-2');
      return written.length === 2 ? written : null;
    });
    for (const { id, body } of ours) {
      expect(await sent(comment(id, body))).toMatchObject({
        status: 'ignored',
        reason: 'own_comment',
        runId: null,
      });
    }
    expect(await runsOf('TALK-1')).toHaveLength(1);
  });

  it('can be asked what it would do now, without doing it', async () => {
    const { id } = await sent(update('MT-4'));
    const before = await runsOf('MT-4');
    const path = `/api/v1/webhooks/deliveries/${id}/replay?dryRun=true`;
    const { body } = await service.api('POST', path);
    expect(body).toMatchObject({ rule: 'build', onNewer: 'wait', run: { issue: 'MT-4' } });
    expect(await runsOf('MT-4')).toHaveLength(before.length);
    await service.api('POST', `/api/v1/webhooks/deliveries/${id}/replay`);
    await settled(service);
    expect(await runsOf('MT-4')).toHaveLength(before.length + 1);
  });

  it('that asks for what is not there yet is tried again until it is', async () => {
    const { id } = (await send(service, update('SEC-1'))).body;
    const path = `/api/v1/webhooks/deliveries/${id}`;
    await until('the first attempt', async () => {
      const { reason } = (await service.api('GET', path)).body;
      return reason === 'secret_unknown' ? true : null;
    });
    await setSecret(service, 'LATER', 'it is here');
    await settled(service);
    expect((await service.api('GET', path)).body).toMatchObject({
      status: 'handled',
      rule: 'lacks',
    });
    expect(await runsOf('SEC-1')).toHaveLength(1);
  });
});

describe('an issue', () => {
  it('that leaves the state of its rule ends its run', async () => {
    const { runId } = await sent(update('WAIT-1'));
    await untilStatus(service, runId, 'running');
    const left = await sent(update('WAIT-1', { state: 'Done', from: { stateId: 'a' } }));
    expect(left).toMatchObject({
      status: 'handled',
      rule: 'waits',
      runId,
      reason: 'run_cancelled',
    });
    expect(await finishRun(service, runId)).toMatchObject({ status: 'cancelled' });
  });

  it('is worked on by the next rule, where leaving one rule ends its run', async () => {
    const first = await sent(update('WAIT-4'));
    await untilStatus(service, first.runId, 'running');
    const second = await sent(update('WAIT-4', { state: 'In Review' }));
    expect(second).toMatchObject({ status: 'handled', rule: 'reviews' });
    expect(await finishRun(service, first.runId)).toMatchObject({ status: 'cancelled' });
    await service.api('POST', `/api/v1/runs/${second.runId}/cancel`);
  });

  it('keeps its run, whatever another source says of an issue of that name', async () => {
    const { runId } = await sent(update('WAIT-5'));
    await untilStatus(service, runId, 'running');
    const data = { id: '1', identifier: 'WAIT-5', state: 'deployed' };
    await sent(signedByStandard({ type: 'deploy.finished', data }));
    await sent(signedByStandard({ type: 'deploy.finished', data: { ...data, removed: true } }));
    expect(await runsOf('WAIT-5')).toMatchObject([{ id: runId, status: 'running' }]);
    await service.api('POST', `/api/v1/runs/${runId}/cancel`);
  });

  it('keeps a newer run from a late trigger, which replaces nothing and adds nothing', async () => {
    const at = Date.now();
    const newer = await sent(update('NEW-2', { at }));
    await untilStatus(service, newer.runId, 'running');
    expect(await sent(update('NEW-2', { at: at - 20_000 }))).toMatchObject({
      status: 'superseded',
      runId: null,
    });
    await untilStatus(service, newer.runId, 'running');
    // A replay of what started it makes it no less its rule's.
    const replay = `/api/v1/webhooks/deliveries/${newer.id}/replay`;
    expect((await service.api('POST', replay)).status).toBe(200);
    expect(await finishRun(service, newer.runId)).toMatchObject({ status: 'cancelled' });
    for (const { id } of await runsOf('NEW-2'))
      await service.api('POST', `/api/v1/runs/${id}/cancel`);
  });

  it('has one active run: a newer trigger replaces it, where its rule says so', async () => {
    const first = await sent(update('NEW-1'));
    await untilStatus(service, first.runId, 'running');
    const second = await sent(update('NEW-1'));
    expect(await finishRun(service, first.runId)).toMatchObject({ status: 'cancelled' });
    await untilStatus(service, second.runId, 'running');
    await service.api('POST', `/api/v1/runs/${second.runId}/cancel`);
  });

  it('has one active run: a newer trigger is dropped, where its rule says so', async () => {
    const first = await sent(update('OLD-1'));
    const second = await sent(update('OLD-1'));
    expect(second).toMatchObject({
      status: 'ignored',
      rule: 'drops',
      reason: 'run_active',
      runId: null,
    });
    expect(await runsOf('OLD-1')).toHaveLength(1);
    await service.api('POST', `/api/v1/runs/${first.runId}/cancel`);
  });

  it('has one active run: a newer trigger waits for its end', async () => {
    const first = await sent(update('WAIT-2'));
    const second = await sent(update('WAIT-2'));
    await untilStatus(service, first.runId, 'running');
    expect((await service.api('GET', `/api/v1/runs/${second.runId}`)).body.status).toBe('queued');
    await service.api('POST', `/api/v1/runs/${first.runId}/cancel`);
    await untilStatus(service, second.runId, 'running');
    // Both were started by the rule, and the issue leaves its state.
    await sent(update('WAIT-2', { state: 'Done' }));
    expect(await finishRun(service, second.runId)).toMatchObject({ status: 'cancelled' });
  });

  it('whose trigger comes behind a newer edit is worked on all the same', async () => {
    const at = Date.now();
    const edit = { at, title: 'Edited', from: { title: 'Before' } };
    expect(await sent(update('MT-5', edit))).toMatchObject({ status: 'ignored' });
    expect(await sent(update('MT-5', { at: at - 20_000 }))).toMatchObject({ status: 'handled' });
    expect(await runsOf('MT-5')).toHaveLength(1);
  });

  it('that was moved on before its trigger came is left alone, and an old end ends nothing', async () => {
    const at = Date.now();
    await sent(update('MT-6', { at, state: 'Done' }));
    expect(await sent(update('MT-6', { at: at - 20_000 }))).toMatchObject({
      status: 'superseded',
      reason: 'newer_applied',
    });
    expect(await runsOf('MT-6')).toEqual([]);
    const { runId } = await sent(update('WAIT-3', { at }));
    await untilStatus(service, runId, 'running');
    await sent(update('WAIT-3', { at: at - 20_000, state: 'Todo' }));
    await untilStatus(service, runId, 'running');
    await service.api('POST', `/api/v1/runs/${runId}/cancel`);
  });
});
