import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { expectRefusal } from '../input/refusal.js';
import { startService, type RunningService } from '../support/service.js';
import {
  deliveries,
  DEPLOYS_KEY,
  GITHUB_SECRET,
  hmac,
  issueUpdate,
  LINEAR_SECRET,
  send,
  settled,
  signedByGitHub,
  signedByLinear,
  signedByStandard,
  type SentDelivery,
} from './senders.js';

const TOKEN = 'the-write-token-of-this-test';
const WRITE = { token: TOKEN };

let service: RunningService;
beforeAll(async () => {
  service = await startService({
    env: {
      RISOLUTO_WRITE_TOKEN: TOKEN,
      RISOLUTO_LINEAR_WEBHOOK_SECRET: LINEAR_SECRET,
      DOCKER_HOST: 'unix:///nonexistent/engine.sock',
    },
    yaml: {
      rateLimits: { api: { limit: 100_000 }, webhooks: { limit: 100_000 } },
      webhooks: {
        linear: { secrets: ['LINEAR_NEXT'] },
        github: { secrets: ['GITHUB_SECRET'] },
        standard: { deploys: { secrets: ['DEPLOYS'] }, later: { secrets: ['NOT_THERE_YET'] } },
      },
    },
  });
  await setSecret('GITHUB_SECRET', GITHUB_SECRET);
  await setSecret('DEPLOYS', `whsec_${DEPLOYS_KEY.toString('base64')}`);
});
afterAll(() => service?.stop());

async function setSecret(key: string, value: string): Promise<void> {
  const answer = await service.api('PUT', `/api/v1/secrets/${key}`, { body: { value }, ...WRITE });
  expect(answer.status, answer.text).toBe(204);
}

async function receivedRows(target: string): Promise<{ actor: string; details: object }[]> {
  const path = `/api/v1/audit?action=webhook.received&target=${target}`;
  return (await service.api('GET', path)).body.items;
}

function linear(identifier: string, more: object = {}): SentDelivery {
  return signedByLinear(issueUpdate(identifier, Date.now(), more));
}

describe('a signed delivery', () => {
  it('needs no token, is durable and audited when it is answered, and is handled then', async () => {
    const sent = linear('MT-1');
    const answer = await send(service, sent);
    expect(answer.status, answer.text).toBe(200);
    const { id } = answer.body;
    expect(answer.body).toEqual({ ok: true, duplicate: false, id });
    expect(await receivedRows(id)).toMatchObject([
      {
        actor: 'webhook:linear',
        details: { source: 'linear', deliveryId: sent.headers['linear-delivery'], type: 'Issue' },
      },
    ]);
    await settled(service);
    const shown = (await service.api('GET', `/api/v1/webhooks/deliveries/${id}`)).body;
    expect(shown).toMatchObject({
      source: 'linear',
      issue: 'MT-1',
      type: 'Issue',
      action: 'update',
      status: 'ignored',
      reason: 'no_rule',
      attempts: 1,
      payload: JSON.parse(sent.body),
    });
  });

  it.each([
    ['its body', (first: SentDelivery) => signedByLinear(first.body)],
    [
      'its id',
      (first: SentDelivery) =>
        signedByLinear(issueUpdate('MT-3'), { id: first.headers['linear-delivery']! }),
    ],
    ['itself', (first: SentDelivery) => first],
  ])('is a duplicate by %s, and changes nothing', async (_what, again) => {
    const first = linear('MT-2');
    const { id } = (await send(service, first)).body;
    await settled(service);
    const before = (await deliveries(service)).length;
    const answer = await send(service, again(first));
    expect(answer.body).toEqual({ ok: true, duplicate: true, id });
    expect(await deliveries(service)).toHaveLength(before);
    expect(await receivedRows(id)).toHaveLength(1);
  });

  it('is one, of twins that come at once', async () => {
    const { body: same } = linear('MT-4');
    const sent = Array.from({ length: 24 }, () => signedByLinear(same));
    const answers = await Promise.all(sent.map((one) => send(service, one)));
    expect(answers.map(({ status }) => status)).toEqual(sent.map(() => 200));
    expect(answers.filter(({ body }) => body.duplicate === false)).toHaveLength(1);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(await deliveries(service, '&issue=MT-4')).toHaveLength(1);
  });

  it('of GitHub is taken, by the stored secret, and a redelivery is a duplicate', async () => {
    const repository = { id: 7, full_name: 'acme/site' };
    const issue = { id: 99, number: 12, updated_at: new Date().toISOString() };
    const sent = signedByGitHub({ action: 'opened', issue, repository });
    const answer = await send(service, sent);
    expect(answer.body, answer.text).toMatchObject({ duplicate: false });
    expect((await send(service, sent)).body).toMatchObject({ duplicate: true });
    const [stored] = await deliveries(service, '&source=github');
    expect(stored).toMatchObject({
      issue: 'acme.site-12',
      type: 'issues',
      action: 'opened',
      signedAt: null,
    });
  });

  it('in the standard format is taken: the same body under another id is another delivery', async () => {
    const payload = { type: 'deploy.wanted', data: { issue: { identifier: 'OPS-1' } } };
    const first = signedByStandard(payload);
    expect((await send(service, first)).body).toMatchObject({ duplicate: false });
    // A retry is signed anew, with its own time.
    const retry = signedByStandard(payload, {
      id: first.headers['webhook-id']!,
      at: Date.now() + 2000,
    });
    expect((await send(service, retry)).body).toMatchObject({ duplicate: true });
    expect((await send(service, signedByStandard(payload))).body).toMatchObject({
      duplicate: false,
    });
    expect(await deliveries(service, '&source=standard/deploys&issue=OPS-1')).toHaveLength(2);
  });
});

describe('a request is refused, in the order of the contract', () => {
  const wrong = { 'linear-signature': 'f'.repeat(64) };
  const bytes = (body: string | Buffer, headers = {}) =>
    service.api('POST', '/webhooks/linear', { body, headers });

  it('as too large before anything else', async () => {
    const answer = await bytes(Buffer.alloc(1024 * 1024 + 1, ' '), wrong);
    expectRefusal(answer, { status: 413, code: 'body_too_large' });
  });

  it('as not configured, whatever it carries', async () => {
    for (const name of ['later', 'nobody']) {
      const answer = await service.api('POST', `/webhooks/standard/${name}`, { body: 'x' });
      expectRefusal(answer, { status: 503, code: 'webhook_not_configured' });
      expect(answer.headers['retry-after']).toBe('60');
    }
  });

  it.each(['{"broken', Buffer.from([0xff, 0xfe]), '', '[]'])(
    'without a signature, before %j is read',
    async (body) => {
      expectRefusal(await bytes(body), { status: 401, code: 'signature_missing' });
      expectRefusal(await bytes(body, { 'linear-signature': '' }), {
        status: 401,
        code: 'signature_missing',
      });
      expectRefusal(await bytes(body, wrong), { status: 401, code: 'signature_invalid' });
    },
  );

  it.each<[string, (right: string) => string]>([
    ['cut', (right) => right.slice(0, 63)],
    ['longer', (right) => `${right}0`],
    ['in upper case', (right) => right.toUpperCase()],
    ['with a prefix', (right) => `sha256=${right}`],
    ['twice', (right) => `${right}, ${right}`],
    ['no hexadecimal', () => 'z'.repeat(64)],
    ['very long', () => 'a'.repeat(8000)],
  ])('with a signature that is %s', async (_what, change) => {
    const sent = linear('MT-5');
    const signature = change(sent.headers['linear-signature']!);
    const answer = await bytes(sent.body, { ...sent.headers, 'linear-signature': signature });
    expectRefusal(answer, { status: 401, code: 'signature_invalid' });
  });

  it.each<[string, string | Buffer]>([
    ['no JSON', '{"type":'],
    ['no object', '[1]'],
    ['empty', ''],
    ['not UTF-8', Buffer.from('7b2261223a22ff227d', 'hex')],
    ['too deep', `{"type":"Issue","webhookTimestamp":1,"a":${'['.repeat(64)}${']'.repeat(64)}}`],
    ['without a type', `{"webhookTimestamp":${Date.now()}}`],
    ['without a time', '{"type":"Issue"}'],
    ['with a time that is text', `{"type":"Issue","webhookTimestamp":"${Date.now()}"}`],
  ])('signed, but with a body that is %s', async (_what, body) => {
    const raw = Buffer.from(body);
    const signature = hmac(LINEAR_SECRET, raw, 'hex');
    const headers = { 'linear-signature': signature, 'linear-delivery': randomUUID() };
    expectRefusal(await bytes(raw, headers), { status: 400, code: 'invalid_payload' });
  });

  it('without an id, though signed', async () => {
    const { body, headers } = linear('MT-6');
    const { 'linear-delivery': _id, ...rest } = headers;
    const refusal = { status: 400, code: 'invalid_delivery_id', field: 'Linear-Delivery' };
    expectRefusal(await bytes(body, rest), refusal);
    expectRefusal(await bytes(body, { ...rest, 'linear-delivery': 'a'.repeat(201) }), refusal);
    const sent = signedByGitHub({ zen: 'yes' }, 'ping');
    const { 'x-github-event': _event, ...others } = sent.headers;
    expectRefusal(await send(service, { ...sent, headers: others }), {
      status: 400,
      code: 'event_missing',
    });
  });

  it('and nothing of it is stored', async () => {
    expect(await deliveries(service, '&issue=MT-5')).toEqual([]);
    expect(await deliveries(service, '&issue=MT-6')).toEqual([]);
  });
});

describe('a secret', () => {
  it('is taken beside the one before while both are set, and verifies nothing once it is gone', async () => {
    const next = 'lin_wh_pQ5nH8xC1vB7kJ3dG6fS';
    const signed = () => signedByLinear(issueUpdate('ROT-1'), { secret: next });
    expectRefusal(await send(service, signed()), { status: 401, code: 'signature_invalid' });
    for (let round = 0; round < 3; round += 1) {
      await setSecret('LINEAR_NEXT', next);
      expect((await send(service, signed())).status).toBe(200);
      expect((await send(service, linear('ROT-1'))).status).toBe(200);
      await setSecret('LINEAR_NEXT', `${next}-other`);
      expectRefusal(await send(service, signed()), { status: 401, code: 'signature_invalid' });
      await service.api('DELETE', '/api/v1/secrets/LINEAR_NEXT', WRITE);
      expectRefusal(await send(service, signed()), { status: 401, code: 'signature_invalid' });
    }
  });

  it('makes a source that had none', async () => {
    await setSecret('NOT_THERE_YET', `whsec_${DEPLOYS_KEY.toString('base64')}`);
    const sent = signedByStandard({ type: 'x' });
    const answer = await send(service, { ...sent, path: '/webhooks/standard/later' });
    expect(answer.status, answer.text).toBe(200);
  });

  it('shows nowhere', async () => {
    const config = await service.api('GET', '/api/v1/config');
    expect(config.body.environment.linearWebhookSecrets).toEqual(['[REDACTED]']);
    for (const text of [config.text, service.logs(), JSON.stringify(await deliveries(service))]) {
      for (const secret of [LINEAR_SECRET, GITHUB_SECRET]) expect(text).not.toContain(secret);
    }
  });
});

describe('the inbox', () => {
  it('is paged, newest first, and filtered exactly', async () => {
    for (let n = 0; n < 5; n += 1) await send(service, linear('PAGE-1', { n }));
    const list = (query: string) => service.api('GET', `/api/v1/webhooks/deliveries?${query}`);
    const first = (await list('issue=PAGE-1&limit=3')).body;
    const second = (await list(`issue=PAGE-1&limit=3&cursor=${first.nextCursor}`)).body;
    expect([first.items.length, second.items.length, second.nextCursor]).toEqual([3, 2, null]);
    const ids = [...first.items, ...second.items].map(({ id }: { id: string }) => id);
    expect(ids).toEqual(ids.toSorted().toReversed());
    await settled(service);
    expect((await list('issue=PAGE-1&status=handled')).body.items).toEqual([]);
    expect((await list('issue=PAGE-1&rule=none')).body.items).toEqual([]);
    expect((await list('issue=PAGE-1&source=github')).body.items).toEqual([]);
    for (const [query, field] of [
      ['status=new', 'status'],
      ['source=LINEAR', 'source'],
      ['issue=..', 'issue'],
      ['rule=', 'rule'],
      ['page=2', 'page'],
    ] as const) {
      expectRefusal(await list(query), { status: 400, code: 'validation_failed', field });
    }
    expectRefusal(await list('cursor=abc'), { status: 400, code: 'invalid_cursor' });
  });

  it('handles a delivery again when an operator says so, and counts on', async () => {
    const { id } = (await send(service, linear('RE-1'))).body;
    await settled(service);
    const path = `/api/v1/webhooks/deliveries/${id}/replay`;
    expectRefusal(await service.api('POST', path), { status: 401, code: 'write_unauthorized' });
    expectRefusal(await service.api('POST', `${path}?dryRun=maybe`, WRITE), {
      status: 400,
      code: 'validation_failed',
      field: 'dryRun',
    });
    const dry = await service.api('POST', `${path}?dryRun=true`, WRITE);
    expect(dry.body, dry.text).toMatchObject({
      ...{ rule: null, considered: [], run: null, reason: 'no rule matches', ends: [] },
      event: { source: 'linear', issue: { identifier: 'RE-1' } },
    });
    const answer = await service.api('POST', path, WRITE);
    expect(answer.body, answer.text).toMatchObject({ id, status: 'pending', attempts: 1 });
    await settled(service);
    const [shown] = await deliveries(service, '&issue=RE-1');
    expect(shown).toMatchObject({ status: 'ignored', attempts: 2, reason: 'no_rule' });
    const rows = (await service.api('GET', `/api/v1/audit?target=${id}`)).body.items;
    expect(rows.map(({ action }: { action: string }) => action)).toEqual([
      'webhook.replayed',
      'webhook.received',
    ]);
    const none = '/api/v1/webhooks/deliveries/01J00000000000000000000000';
    expectRefusal(await service.api('POST', `${none}/replay`, WRITE), {
      status: 404,
      code: 'delivery_not_found',
    });
    expectRefusal(await service.api('GET', none), { status: 404, code: 'delivery_not_found' });
  });

  it('lets no older update undo a newer one, however late it comes', async () => {
    const now = Date.now();
    await send(service, signedByLinear(issueUpdate('OLD-1', now)));
    await settled(service);
    const late = signedByLinear({ ...issueUpdate('OLD-1', now - 30_000), webhookTimestamp: now });
    const { id } = (await send(service, late)).body;
    await settled(service);
    const shown = (await service.api('GET', `/api/v1/webhooks/deliveries/${id}`)).body;
    expect(shown).toMatchObject({ status: 'superseded', reason: 'newer_applied' });
    const replay = `/api/v1/webhooks/deliveries/${id}/replay`;
    expect((await service.api('POST', replay, WRITE)).status).toBe(200);
    await settled(service);
    const again = (await service.api('GET', `/api/v1/webhooks/deliveries/${id}`)).body;
    expect(again).toMatchObject({ status: 'superseded', attempts: 2 });
  });

  it('is counted, and the age of what waits is told', async () => {
    const metrics = (await service.api('GET', '/metrics')).text;
    const count = (line: string) => Number(metrics.split(`${line} `)[1]?.split('\n')[0] ?? 0);
    const at = (source: string, outcome: string) =>
      count(`risoluto_webhook_deliveries_total{source="${source}",outcome="${outcome}"}`);
    expect(at('linear', 'accepted')).toBeGreaterThan(5);
    expect(at('linear', 'duplicate')).toBe(26);
    expect(at('linear', 'signature_invalid')).toBeGreaterThan(5);
    expect(at('unknown', 'webhook_not_configured')).toBe(1);
    expect(at('standard/later', 'webhook_not_configured')).toBe(1);
    expect(count('risoluto_webhook_settled_total{source="linear",outcome="superseded"}')).toBe(2);
    expect(metrics).toContain('risoluto_webhook_oldest_unhandled_seconds 0');
  });

  it('leaves an audit trail that verifies', async () => {
    const answer = await service.api('GET', '/api/v1/audit/verify');
    expect(answer.body, answer.text).toMatchObject({ ok: true });
  });
});
