import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { sendRaw } from '../support/raw-http.js';
import type { RunningService } from '../support/service.js';
import { expectRefusal, startWithoutEngine } from './refusal.js';
import { stateOf } from './state.js';

const VALUE = 'secrets-input-canary';

let service: RunningService;
let before: unknown;

beforeAll(async () => {
  service = await startWithoutEngine();
  await service.api('PUT', '/api/v1/secrets/TOKEN', { body: { value: 'kept' } });
  before = await stateOf(service);
});

afterAll(() => service.stop());

const METHODS = ['PUT', 'POST', 'DELETE'] as const;
const bodyOf = (method: string) => (method === 'DELETE' ? {} : { body: { value: VALUE } });

describe('a key that is no key', () => {
  const bad = { status: 400, code: 'invalid_secret_key', field: 'key' };
  const keys: [string, string][] = [
    ['with a space', 'a%20b'],
    ['with an encoded slash', 'a%2Fb'],
    ['climbing with encoded slashes', '..%2F..%2Fetc%2Fpasswd'],
    ['climbing with encoded backslashes', '..%5C..%5Cetc'],
    ['doubly encoded', '%252e%252e%252f'],
    ['with NUL', 'a%00b'],
    ['that is NUL', '%00'],
    ['with a line break', 'a%0Ab'],
    ['with a carriage return and a header', 'a%0D%0AX-Evil:%201'],
    ['with a letter that looks the same', '%D0%A2OKEN'],
    ['in full-width letters', '%EF%BC%B4OKEN'],
    ['with a combining mark', 'TOKE%CC%88N'],
    ['with a zero-width space', 'TOKEN%E2%80%8B'],
    ['with a quote', "a'b"],
    ['with a pattern', 'TOK%25'],
    ['of 129 characters', 'k'.repeat(129)],
    ['of 300 characters', 'k'.repeat(300)],
    ['with a plus', 'a+b'],
    ['with an at sign', 'a@b'],
  ];
  it.each(keys)('%s is refused', async (_what, key) => {
    for (const method of METHODS) {
      const answer = await service.api(method, `/api/v1/secrets/${key}`, bodyOf(method));
      expectRefusal(answer, bad);
      expect(answer.headers['x-evil']).toBeUndefined();
    }
  });

  it.each<[string, string, number, string]>([
    ['empty', '', 404, 'not_found'],
    ['with a slash', 'a/b', 404, 'not_found'],
    ['climbing', '../../etc/passwd', 404, 'not_found'],
    ['of 5,000 characters', 'k'.repeat(5000), 414, 'uri_too_long'],
    ['in broken percent-encoding', 'a%zz', 400, 'malformed_request'],
    ['in percent-encoding that is not UTF-8', 'a%ff', 400, 'malformed_request'],
    ['in overlong UTF-8', '%c0%ae%c0%ae', 400, 'malformed_request'],
  ])('%s does not reach the secrets', async (_what, key, status, code) => {
    for (const method of METHODS) {
      const answer = await service.api(method, `/api/v1/secrets/${key}`, bodyOf(method));
      expectRefusal(answer, { status, code });
    }
  });

  it('with a raw byte, NUL or space in the target is no request', async () => {
    for (const key of ['a\0b', 'a b', 'a\tb', 'é']) {
      const request = `DELETE /api/v1/secrets/${key} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`;
      const answer = await sendRaw(service.url, Buffer.from(request, 'latin1'));
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body)).toHaveProperty('error.code');
    }
  });
});

describe('a value that is no value', () => {
  const bad = { status: 400, code: 'invalid_secret_value', field: 'value' };
  const values: [string, unknown][] = [
    ['missing', undefined],
    ['null', null],
    ['empty', ''],
    ['a number', 7],
    ['true', true],
    ['a list', [VALUE]],
    ['an object', { value: VALUE }],
    ['longer than 64 KiB', 'x'.repeat(65_537)],
    ['longer than 64 KiB in UTF-8', 'é'.repeat(32_769)],
  ];
  it.each(values)('%s is refused', async (_what, value) => {
    for (const method of ['PUT', 'POST']) {
      const answer = await service.api(method, '/api/v1/secrets/TOKEN', { body: { value } });
      expectRefusal(answer, bad);
    }
  });

  it('with more fields than one is refused, and no field’s value repeated', async () => {
    const body = { value: VALUE, version: 7, updatedBy: VALUE };
    for (const method of ['PUT', 'POST']) {
      const answer = await service.api(method, '/api/v1/secrets/TOKEN', { body });
      expectRefusal(answer, { status: 400, code: 'validation_failed', field: 'updatedBy' });
      expect(answer.text).not.toContain(VALUE);
    }
  });
});

describe('what was refused', () => {
  it('has changed nothing, left no audit row, and no value in the log', async () => {
    expectRefusal(await service.api('DELETE', '/api/v1/secrets/NOBODY'), {
      status: 404,
      code: 'secret_not_found',
    });
    expect(await stateOf(service)).toEqual(before);
    expect(service.logs()).not.toContain(VALUE);
  });

  it('would have changed something, had it been good', async () => {
    const key = `a.b:c_d-${'k'.repeat(120)}`;
    const path = `/api/v1/secrets/${encodeURIComponent(key)}`;
    expect((await service.api('PUT', path, { body: { value: VALUE } })).status).toBe(204);
    expect(await stateOf(service)).not.toEqual(before);
    expect((await service.api('GET', '/api/v1/secrets')).body.keys).toContain(key);
  });
});
