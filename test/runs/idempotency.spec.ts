import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { finishRun } from '../support/runs.js';
import type { ApiAnswer } from '../support/http.js';
import { startService, type RunningService } from '../support/service.js';
import { auditOf, UNLIMITED } from './run-questions.js';

const TOKEN = 'write-token-0123456789';

let service: RunningService;

beforeAll(async () => {
  service = await startService({ yaml: { ...UNLIMITED, runs: { maxConcurrent: 2 } } });
});
afterAll(() => service.stop());

function post(key: string | string[], body: unknown, token?: string): Promise<ApiAnswer> {
  return service.api('POST', '/api/v1/runs', {
    body,
    headers: { 'idempotency-key': key },
    ...(token !== undefined && { token }),
  });
}

async function countOf(issue: string): Promise<number> {
  const { body } = await service.api('GET', `/api/v1/runs?issue=${issue}&limit=200`);
  return (body.items as unknown[]).length;
}

describe('a key', () => {
  it('gives the same run for the same body, and 422 for another', async () => {
    const body = { issue: 'IDEM-1', command: ['echo', 'one'] };
    const first = await post('key-1', body);
    expect(first.status).toBe(202);
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    const { id } = first.body as { id: string };

    const again = await post('key-1', body);
    expect([again.status, again.body.id, again.headers['idempotent-replayed']]).toEqual([
      202,
      id,
      'true',
    ]);
    expect(again.headers.location).toBe(`/api/v1/runs/${id}`);
    await finishRun(service, id);
    const finished = await post('key-1', body);
    expect(finished.body).toMatchObject({ id, status: 'succeeded' });

    const reused = [
      { ...body, issue: 'IDEM-2' },
      { ...body, command: ['echo', 'two'] },
      // The same meaning in other bytes.
      ` ${JSON.stringify(body)}`,
    ];
    for (const other of reused) {
      const answer = await post('key-1', other);
      expect([answer.status, answer.body.error.code]).toEqual([422, 'idempotency_key_reused']);
    }
    expect(await countOf('IDEM-1')).toBe(1);
    expect(await countOf('IDEM-2')).toBe(0);
    expect(await auditOf(service, id)).toEqual(['run.created', 'run.started', 'run.finished']);
  });

  it('makes one run of twenty twins', async () => {
    const body = { issue: 'TWIN-1', command: ['true'] };
    const answers = await Promise.all(Array.from({ length: 20 }, () => post('twins', body)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map((answer) => answer.body.id as string)).size).toBe(1);
    const fresh = answers.filter(({ headers }) => headers['idempotent-replayed'] === undefined);
    expect(fresh).toHaveLength(1);
    expect(await countOf('TWIN-1')).toBe(1);
  });

  it('of two that come together with other bodies serves one', async () => {
    const answers = await Promise.all(
      [1, 2].map((n) => post('rivals', { issue: 'RIVAL-1', command: ['echo', String(n)] })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 422]);
    expect(await countOf('RIVAL-1')).toBe(1);
  });

  it.each([
    ['an empty one', ''],
    ['256 characters', 'k'.repeat(256)],
    ['a space', 'a b'],
    ['bytes beyond ASCII', 'caf\u00e9'],
    ['two of them', ['a', 'b']],
  ])('is refused: %s', async (_what, key) => {
    const answer = await post(key, { issue: 'BAD-1', command: ['true'] });
    expect([answer.status, answer.body.error.code]).toEqual([400, 'invalid_idempotency_key']);
    expect(answer.text).toContain('Idempotency-Key');
    expect(await countOf('BAD-1')).toBe(0);
  });

  it('may have 255 characters', async () => {
    const key = `~!${'k'.repeat(253)}`;
    const body = { issue: 'LONG-1', command: ['true'] };
    expect((await post(key, body)).status).toBe(202);
    expect((await post(key, body)).headers['idempotent-replayed']).toBe('true');
  });

  it('of a refused request is free for a better one', async () => {
    const refused = await post('again', { issue: 'FREE-1', command: ['true'], secrets: ['LATER'] });
    expect([refused.status, refused.body.error.code]).toEqual([422, 'secret_unknown']);
    const taken = await post('again', { issue: 'FREE-1', command: ['true'] });
    expect([taken.status, taken.headers['idempotent-replayed']]).toEqual([202, undefined]);
  });
});

describe('another actor', () => {
  it('has keys of its own, and they outlive the service', async () => {
    const body = { issue: 'ACTOR-1', command: ['true'] };
    const mine = await post('shared', body);
    await service.terminate();
    service.env.RISOLUTO_WRITE_TOKEN = TOKEN;
    await service.start();
    const theirs = await post('shared', body, TOKEN);
    expect(theirs.body).toMatchObject({ actor: 'write-token' });
    expect(theirs.body.id).not.toBe(mine.body.id);
    delete service.env.RISOLUTO_WRITE_TOKEN;
    await service.restart();
    const replayed = await post('shared', body);
    expect([replayed.body.id, replayed.headers['idempotent-replayed']]).toEqual([
      mine.body.id,
      'true',
    ]);
  }, 120_000);
});
