import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startService, type RunningService } from '../support/service.js';

let service: RunningService;

beforeAll(async () => {
  service = await startService({ yaml: { rateLimits: { api: { limit: 100_000 } } } });
});
afterAll(() => service.stop());

const path = (key: string): string => `/api/v1/secrets/${key}`;
const put = (key: string, body: unknown) => service.api('PUT', path(key), { body });
const keys = async (): Promise<string[]> =>
  (await service.api('GET', '/api/v1/secrets')).body.keys as string[];
const lastAudit = async () => (await service.api('GET', '/api/v1/audit?limit=1')).body.items[0];

describe('secrets', () => {
  it('are set by PUT and POST with 204 and no body, listed without values, and deleted', async () => {
    for (const method of ['PUT', 'POST']) {
      const answer = await service.api(method, path('API_KEY'), { body: { value: 'canary-4711' } });
      expect([answer.status, answer.text]).toEqual([204, '']);
    }
    const list = await service.api('GET', '/api/v1/secrets');
    expect(list.status).toBe(200);
    expect(list.body.keys).toEqual(['API_KEY']);
    expect(list.body.secrets).toEqual([
      {
        key: 'API_KEY',
        version: 2,
        createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
        updatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        updatedBy: 'loopback',
      },
    ]);
    expect(list.text).not.toContain('canary');
    expect((await service.api('DELETE', path('API_KEY'))).status).toBe(204);
    expect(await keys()).toEqual([]);
    const gone = await service.api('DELETE', path('API_KEY'));
    expect([gone.status, gone.body.error.code]).toEqual([404, 'secret_not_found']);
  });

  it('take every legal key and every size of value up to 64 KiB', async () => {
    const legal = ['a', '-', 'A.b:c-d_9', '__proto__', 'constructor', 'x'.repeat(128)];
    for (const key of legal)
      expect([key, (await put(key, { value: 'v' })).status]).toEqual([key, 204]);
    expect((await keys()).sort()).toEqual([...legal].sort());
    for (const value of ['x'.repeat(65_536), 'é'.repeat(32_768), '\u0000', '😀'.repeat(16_384)]) {
      expect((await put('a', { value })).status).toBe(204);
    }
    for (const key of legal) expect((await service.api('DELETE', path(key))).status).toBe(204);
  });

  const BAD_KEYS = [
    'a%2Fb',
    '..%2Fx',
    'a%00',
    'a%0A',
    'a%20b',
    'x'.repeat(129),
    'x'.repeat(300),
    '%EF%BC%A1',
    '%D0%90',
    '%E2%84%AA',
    'a*b',
    '%25',
    '~',
  ];
  it.each(BAD_KEYS)('refuse the key %s and name the field', async (key) => {
    for (const method of ['PUT', 'POST', 'DELETE']) {
      const before = await lastAudit();
      const body = method === 'DELETE' ? undefined : { value: 'v' };
      const answer = await service.api(method, path(key), { body });
      expect([answer.status, answer.body.error.code]).toEqual([400, 'invalid_secret_key']);
      expect(answer.body.error.details).toEqual([{ field: 'key', message: expect.any(String) }]);
      expect(await lastAudit()).toEqual(before);
    }
    expect(await keys()).toEqual([]);
  });

  const BAD_VALUES: [string, unknown][] = [
    ['none', {}],
    ['null', { value: null }],
    ['a number', { value: 5 }],
    ['an object', { value: { value: 'canary' } }],
    ['an array', { value: ['canary'] }],
    ['an empty string', { value: '' }],
    ['65,537 bytes', { value: `canary${'x'.repeat(65_531)}` }],
    ['65,538 bytes in 32,769 characters', { value: 'é'.repeat(32_769) }],
  ];
  it.each(BAD_VALUES)('refuse the value %s without repeating it', async (_what, body) => {
    const before = await lastAudit();
    const answer = await put('A', body);
    expect([answer.status, answer.body.error.code]).toEqual([400, 'invalid_secret_value']);
    expect(answer.body.error.details[0].field).toBe('value');
    expect(answer.text).not.toContain('canary');
    expect(await lastAudit()).toEqual(before);
    expect(await keys()).toEqual([]);
  });

  it('refuse a value that is no text at all', async () => {
    const answer = await put('A', '{"value":"canary\\ud800"}');
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('canary');
    expect(await keys()).toEqual([]);
  });

  it.each([
    ['another property', { value: 'v', key: 'B' }, 'key'],
    ['a misspelt one', { value: 'v', Value: 'w' }, 'Value'],
  ])('refuse a body with %s', async (_what, body, field) => {
    const answer = await put('A', body);
    expect([answer.status, answer.body.error.code]).toEqual([400, 'validation_failed']);
    expect(answer.body.error.details.map((detail: { field: string }) => detail.field)).toContain(
      field,
    );
    expect(await keys()).toEqual([]);
  });

  it.each(['[]', '"v"', 'null', '5', '[{"value":"v"}]'])('refuse the body %s', async (body) => {
    const answer = await put('A', body);
    expect(answer.status).toBe(400);
    expect(await keys()).toEqual([]);
  });

  it('keep the values of many callers apart, each with its audit row', async () => {
    const before = (await lastAudit()).seq as number;
    const names = Array.from({ length: 60 }, (_, n) => `K${n}`);
    const answers = await Promise.all(names.map((name) => put(name, { value: name })));
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([204]));
    const { body } = await service.api('GET', '/api/v1/audit?action=secret.set&limit=60');
    const targets = (body.items as { seq: number; target: string }[]).map((row) => row.target);
    expect(new Set(targets)).toEqual(new Set(names));
    expect((await lastAudit()).seq).toBe(before + 60);
    for (const name of names) await service.api('DELETE', path(name));
  });
});
