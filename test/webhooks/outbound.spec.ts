import { afterAll, beforeAll, expect, it } from 'vitest';

import {
  auditOf,
  cancelRun,
  setSecret,
  sh,
  UNLIMITED,
  untilStatus,
} from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { executeBeside } from '../support/audited-database.js';
import { LinearImpostor } from '../support/linear-impostor.js';
import { linearSchema } from '../support/linear-schema.js';
import { createRun, finishRun } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';

const KEY = 'lin_api_outbound0s3cret';
const TOKEN = 'token-0f-the-command';

let linear: LinearImpostor;
let service: RunningService;

beforeAll(async () => {
  linearSchema();
  linear = await LinearImpostor.start();
  linear.key = KEY;
  linear.addIssue('issue-1', 'MT-1');
  const outbound = { linear: { apiUrl: linear.url }, linkBaseUrl: 'https://ci.example.com' };
  service = await startService({
    yaml: { ...UNLIMITED, runs: { maxConcurrent: 1 }, webhooks: { outbound } },
  });
  await setSecret(service, 'TOKEN', TOKEN);
  await setSecret(service, 'LINEAR_API_KEY', KEY);
});
afterAll(async () => {
  await service?.stop();
  await linear?.close();
});

/** As what dispatches a delivery does in the transaction that makes the run. */
async function follow(runId: string): Promise<void> {
  const target = JSON.stringify({ kind: 'linear', issueId: 'issue-1', identifier: 'MT-1' });
  const wishes = JSON.stringify({
    started: { comment: true, state: 'in progress' },
    failed: { comment: true, state: 'Todo' },
  });
  const insert = `INSERT INTO outbox_follows VALUES ('${runId}', '${target}', '${wishes}')`;
  await executeBeside(`${service.dataDir}/risoluto.db`, insert);
}

/** A run that waits in line until it is followed. */
async function followedRun(issue: string, script: string): Promise<string> {
  const first = await createRun(service, { issue: `${issue}-0`, command: ['sleep', '600'] });
  await untilStatus(service, first, 'running');
  const body = { issue, command: sh(script), secrets: ['TOKEN'] };
  const id = await createRun(service, body);
  await follow(id);
  await cancelRun(service, first);
  return id;
}

const messagesOf = async (runId: string) =>
  (await service.api('GET', `/api/v1/webhooks/outbox?run=${runId}`)).body.items as {
    id: string;
    kind: string;
    status: string;
    commentId: string;
    attempts: number;
  }[];

const untilSent = (runId: string, count: number) =>
  until('its messages', async () => {
    const messages = await messagesOf(runId);
    const sent = messages.filter(({ status }) => status === 'sent');
    return sent.length === count ? messages : null;
  });

it('comments on what a real run did, moves its issue, and shows what it sent', async () => {
  const id = await followedRun(
    'MT-1',
    `echo "it is $TOKEN"; printf '\\033[31m\\140\\140\\140\\033[0m\\n'; exit 3`,
  );
  await finishRun(service, id);
  const messages = await untilSent(id, 2);
  expect(messages.map(({ kind }) => kind)).toEqual(['finished', 'started']);
  const [started, finished] = linear.comments;
  expect(started?.body).toContain(`started run \`${id}\``);
  expect(finished?.id).toBe(messages[0]?.commentId);
  expect(finished?.body).toContain('Exit code: `3`');
  expect(finished?.body).toContain('````text\nit is ***\n```\n````');
  expect(finished?.body).toContain(`<https://ci.example.com/api/v1/runs/${id}/output>`);
  expect(linear.moves.map(({ stateId }) => stateId)).toEqual(['state-doing', 'state-todo']);
  expect(await auditOf(service, id)).toContain('outbound.sent');
  const metrics = await service.api('GET', '/metrics');
  expect(metrics.text).toContain('outbound_messages_total{kind="finished",outcome="sent"} 1');
  expect(metrics.text).toContain('risoluto_outbound_oldest_pending_seconds 0');
});

it('comments once, where the service is killed before it hears that the comment is there', async () => {
  const before = linear.comments.length;
  linear.makeTrouble({ operation: 'createComment', done: true, with: 'hang' });
  const id = await followedRun('MT-2', 'exit 1');
  await until('the comment', () => (linear.comments.length > before ? true : null));
  // The run does not wait for it.
  expect(await finishRun(service, id)).toMatchObject({ status: 'failed', exitCode: 1 });
  expect((await messagesOf(id)).map(({ status }) => status)).toEqual(['pending', 'pending']);
  await service.kill9();
  await service.start();
  const messages = await untilSent(id, 2);
  const bodies = linear.comments.slice(before).map(({ body }) => body.includes('started'));
  expect(bodies).toEqual([true, false]);
  expect(messages[1]?.attempts).toBe(1);
});

it('sends again what was skipped, once there is a key and an operator says so', async () => {
  await service.api('DELETE', '/api/v1/secrets/LINEAR_API_KEY');
  const id = await followedRun('MT-4', 'exit 1');
  await finishRun(service, id);
  const skipped = await until('both to be skipped', async () => {
    const messages = await messagesOf(id);
    return messages.filter(({ status }) => status === 'skipped').length === 2 ? messages : null;
  });
  await setSecret(service, 'LINEAR_API_KEY', KEY);
  for (const message of skipped.toReversed()) {
    const path = `/api/v1/webhooks/outbox/${message.id}/resend`;
    const answer = await service.api('POST', path);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toMatchObject({ id: message.id, status: 'pending' });
  }
  await untilSent(id, 2);
  expect((await auditOf(service, id)).filter((action) => action === 'outbound.resent').length).toBe(
    2,
  );
  const again = await service.api('POST', `/api/v1/webhooks/outbox/${skipped[0]?.id}/resend`);
  expect(again).toMatchObject({ status: 409, body: { error: { code: 'message_not_given_up' } } });
});

it('shows and logs the key nowhere', async () => {
  const list = await service.api('GET', '/api/v1/webhooks/outbox?limit=200');
  const audit = await service.api('GET', '/api/v1/audit?limit=200');
  const config = await service.api('GET', '/api/v1/config');
  expect(config.body.webhooks.outbound.linear.apiKeySecret).toBe('LINEAR_API_KEY');
  expect(linear.asked.every(({ authorization }) => authorization === KEY)).toBe(true);
  for (const text of [list.text, audit.text, config.text, service.logs()]) {
    expect(text).not.toContain(KEY);
  }
  expect(linear.comments.some(({ body }) => body.includes(TOKEN))).toBe(false);
});

it('stops in time while Linear does not answer', async () => {
  linear.makeTrouble({ operation: 'createComment', with: 'hang' });
  const asked = linear.asked.length;
  const id = await followedRun('MT-3', 'true');
  await until('the request', () => (linear.asked.length > asked ? true : null));
  await finishRun(service, id);
  const exit = await service.terminate();
  expect(exit).toEqual({ code: 0, signal: null, forced: false });
});
