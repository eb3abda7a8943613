import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startService, type RunningService } from '../support/service.js';

let service: RunningService;

beforeAll(async () => {
  service = await startService({ yaml: { rateLimits: { api: { limit: 100_000 } } } });
});

afterAll(() => service.stop());

const put = (body: unknown, headers?: Record<string, string>) =>
  service.api('PUT', '/api/v1/secrets/KEY', { body, headers });

describe('a body', () => {
  it.each<[string, Buffer | string, string]>([
    ['that ends early', '{"value":', 'line 1, column 10'],
    ['with a comment', '{"value":"a"/**/}', 'line 1, column 13'],
    ['with a trailing comma', '{"value":"a",}', 'line 1, column 14'],
    ['with a key twice', '{"value":"a","value":"b"}', 'line 1, column 14'],
    ['with __proto__', '{"__proto__":{"value":"a"}}', 'line 1, column 2'],
    ['with constructor', '{"constructor":{"value":"a"}}', 'line 1, column 2'],
    ['with toString', '{"value":"a","toString":1}', 'line 1, column 14'],
    ['65 levels deep', `${'['.repeat(65)}${']'.repeat(65)}`, 'line 1, column 65'],
    ['100,000 levels deep', '['.repeat(100_000), '64 levels'],
    ['that is not UTF-8', Buffer.from('{"value":"\xff"}', 'latin1'), 'byte 10'],
    ['in UTF-16', Buffer.from('{"value":"a"}', 'utf16le'), 'line 1, column 2'],
    ['with a byte order mark', '\ufeff{"value":"a"}', 'line 1, column 1'],
    ['with a lone surrogate', String.raw`{"value":"\ud800"}`, 'line 1, column 10'],
  ])('%s is refused with its place', async (_what, body, place) => {
    const answer = await put(body);
    expect(answer.status).toBe(400);
    expect(answer.body.error.code).toBe('invalid_json');
    expect(answer.body.error.details[0].message).toContain(place);
  });

  it.each(['[]', 'null', '"text"', '1', 'true'])('that is %s is no object', async (body) => {
    const answer = await put(body);
    expect([answer.status, answer.body.error.code]).toEqual([400, 'validation_failed']);
  });

  it.each<Record<string, string>>([
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/x-www-form-urlencoded' },
    { 'content-type': 'application/json; charset=latin1' },
    { 'content-type': 'application/problem+json' },
    { 'content-type': 'nonsense' },
    { 'content-type': '' },
    { 'content-encoding': 'gzip' },
  ])('with %j is 415', async (headers) => {
    const answer = await put('{"value":"a"}', headers);
    expect([answer.status, answer.body.error.code]).toEqual([415, 'unsupported_media_type']);
  });

  it('that is missing where one is needed names the field', async () => {
    const answer = await put(undefined);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toContain('value');
  });

  it('may be missing where none is needed, whatever its type would be', async () => {
    const headers = { 'content-type': 'text/plain', 'content-length': '0' };
    const answer = await service.api('DELETE', '/api/v1/secrets/NOT_THERE', { headers });
    expect([answer.status, answer.body.error.code]).toEqual([404, 'secret_not_found']);
  });

  it('with a property that nobody asked for is refused by name', async () => {
    const answer = await put({ value: 'a', extra: 1, name: 1 });
    expect([answer.status, answer.body.error.code]).toEqual([400, 'validation_failed']);
    const fields = answer.body.error.details.map((detail: { field: string }) => detail.field);
    expect(fields).toContain('extra');
    expect(fields).toContain('name');
  });

  it('with a hundred thousand unknown properties gets a short answer', async () => {
    const keys = Array.from({ length: 80_000 }, (_, index) => [`k${index}`, 0]);
    const answer = await put(Object.fromEntries(keys));
    expect(answer.status).toBe(400);
    expect(answer.text.length).toBeLessThan(10_000);
  });

  it('changes nothing when it is refused', async () => {
    expect((await service.api('GET', '/api/v1/secrets')).body.keys).toEqual([]);
    expect((await service.api('GET', '/api/v1/audit')).body.items).toEqual([]);
  });
});
