import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { sendRaw } from '../support/raw-http.js';
import type { RunningService } from '../support/service.js';
import { expectRefusal, startWithoutEngine, type Refusal } from './refusal.js';
import { stateOf } from './state.js';

let service: RunningService;
let before: unknown;
const routes: [method: string, path: string][] = [];

beforeAll(async () => {
  service = await startWithoutEngine();
  await service.api('PUT', '/api/v1/secrets/TOKEN', { body: { value: 'kept' } });
  const run = { issue: 'MT-1', command: ['true'] };
  const { id } = (await service.api('POST', '/api/v1/runs', { body: run })).body;
  routes.push(
    ['POST', '/api/v1/runs'],
    ['POST', `/api/v1/runs/${id}/cancel`],
    ['POST', `/api/v1/runs/${id}/compact`],
    ['POST', `/api/v1/runs/${id}/turns`],
    ['POST', `/api/v1/runs/${id}/turns/current/steer`],
    ['POST', `/api/v1/runs/${id}/turns/current/interrupt`],
    ['POST', `/api/v1/runs/${id}/approvals`],
    ['PUT', '/api/v1/secrets/TOKEN'],
    ['POST', '/api/v1/secrets/TOKEN'],
    ['DELETE', '/api/v1/secrets/TOKEN'],
    ['POST', '/api/v1/master-key/rotation'],
    ['PUT', '/api/v1/config/overlay'],
    ['PATCH', '/api/v1/config/overlay'],
    ['DELETE', '/api/v1/config/overlay'],
    ['POST', '/api/v1/hardening/repairs'],
    ['PUT', '/api/v1/hardening/acknowledgements/master-key-backup'],
    ['DELETE', '/api/v1/hardening/acknowledgements/master-key-backup'],
    ['DELETE', '/api/v1/workspaces/MT-1'],
    ['POST', '/api/v1/webhooks/deliveries/01J00000000000000000000000/replay'],
    ['POST', '/api/v1/webhooks/outbox/01J00000000000000000000000/resend'],
  );
  before = await stateOf(service);
});

afterAll(() => service.stop());

const BIG = 1024 * 1024;
const invalidJson: Refusal = { status: 400, code: 'invalid_json', field: 'body' };
const notJson: Refusal = { status: 415, code: 'unsupported_media_type' };
const tooLarge: Refusal = { status: 413, code: 'body_too_large' };

async function refusedEverywhere(
  body: string | Buffer,
  refusal: Refusal,
  headers: Record<string, string> = {},
): Promise<void> {
  for (const [method, path] of routes) {
    const answer = await service.api(method, path, {
      body,
      headers: { 'content-type': 'application/json', ...headers },
    });
    expectRefusal(answer, refusal);
  }
}

describe('on every route that writes', () => {
  it('are all routes that write', async () => {
    const { body } = await service.api('GET', '/api/v1/openapi.json');
    const known = Object.entries<Record<string, unknown>>(body.paths).flatMap(([path, item]) =>
      ['post', 'put', 'patch', 'delete']
        .filter((method) => method in item)
        // The body of an archive is no JSON, ever: test/workspaces tries it.
        .filter((method) => !(method === 'put' && path.endsWith('/archive')))
        // What is not signed is refused before it is read: test/webhooks tries it.
        .filter(() => !path.startsWith('/webhooks/'))
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    const tried = routes.map(([method, path]) =>
      `${method} ${path}`
        .replace(/TOKEN$/, '{key}')
        .replace(/MT-1$/, '{issue}')
        .replace(/[0-9A-Z]{26}/, '{id}'),
    );
    expect(tried.toSorted()).toEqual(known.toSorted());
  });

  it.each<[string, string | Buffer]>([
    ['cut off', '{"issue":'],
    ['empty text', ' '],
    ['two values', '{}{}'],
    ['in single quotes', "{'a':1}"],
    ['with NaN', '{"a":NaN}'],
    ['with a leading zero', '{"a":01}'],
    ['with a raw line break in a text', '{"a":"x\ny"}'],
    ['with a raw NUL in a text', '{"a":"x\0y"}'],
    ['with a byte order mark', '\ufeff{}'],
    ['in UTF-16', Buffer.from('{}', 'utf16le')],
    ['in invalid UTF-8', Buffer.from('7b2261223a22ff227d', 'hex')],
    ['in overlong UTF-8', Buffer.from('7b2261223a22c0af227d', 'hex')],
    ['in UTF-8 of a surrogate', Buffer.from('7b2261223a22eda080227d', 'hex')],
    ['with a lone surrogate', String.raw`{"a":"\ud800"}`],
    ['with a key twice', '{"value":"a","value":"b"}'],
    ['with a key twice, once escaped', String.raw`{"value":"a","val\u0075e":"b"}`],
    ['with a key twice, deep inside', '{"policy":{"resources":{"pids":16,"pids":512}}}'],
    ['with __proto__', '{"__proto__":{"value":"a"}}'],
    ['with constructor', '{"a":{"constructor":{"prototype":{}}}}'],
    ['65 levels deep', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`],
    ['a megabyte of brackets deep', '['.repeat(BIG)],
  ])('a body %s is no JSON', async (_what, body) => {
    await refusedEverywhere(body, invalidJson);
  });

  it.each(['[]', '[{}]', 'null', '"text"', '7', 'true', '1e400'])(
    'the body %s is no object',
    async (body) => {
      await refusedEverywhere(body, { status: 400, code: 'validation_failed', field: 'body' });
    },
  );

  it('a field that the route does not know is refused by name', async () => {
    const refusal = { status: 400, code: 'validation_failed', field: 'surprise' };
    await refusedEverywhere('{"surprise":{"deep":[1]}}', refusal);
  });

  it.each([
    'text/plain',
    'text/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json-seq',
    'application/vnd.api+json',
    'application/jsonp',
    'application/json, text/plain',
    'application/json; charset=latin1',
    'application/json; charset=utf-16',
    'application/json; charset="utf-8" x',
    'application/json; charset=utf-8; charset=utf-7',
    '',
    ';',
  ])('the type %j is not taken', async (type) => {
    await refusedEverywhere('{"value":"a"}', notJson, { 'content-type': type });
  });

  it.each(['gzip', 'br', 'identity, gzip', 'deflate'])('nor the coding %s', async (coding) => {
    await refusedEverywhere('{"value":"a"}', notJson, { 'content-encoding': coding });
  });

  it('a body over 1 MiB is too large, whole or in chunks', async () => {
    for (const [method, path] of routes) {
      const head = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n`;
      const requests = [
        `${head}Content-Length: ${BIG + 1}\r\n\r\n`,
        `${head}Content-Length: 99999999999\r\n\r\n`,
        `${head}Transfer-Encoding: chunked\r\n\r\n${(BIG + 1).toString(16)}\r\n${' '.repeat(BIG + 1)}\r\n`,
      ];
      for (const request of requests) {
        const { status, body } = await sendRaw(service.url, request);
        expect({ status, code: JSON.parse(body).error.code }).toEqual({
          status: tooLarge.status,
          code: tooLarge.code,
        });
      }
    }
  });

  it('nothing of it has changed anything, or left an audit row', async () => {
    expect(await stateOf(service)).toEqual(before);
  });

  it('the same requests in order change something', async () => {
    const answers = [];
    for (const [method, path] of routes.toReversed()) {
      const body = path.includes('secrets')
        ? { ...(method === 'DELETE' ? {} : { value: 'a' }) }
        : path.endsWith('/runs')
          ? { issue: 'MT-2', command: ['true'] }
          : {};
      const headers = { 'content-type': 'Application/JSON ; charset="UTF-8"' };
      answers.push((await service.api(method, path, { body, headers })).status);
    }
    // 400: a turn without a command.
    const turn = 400;
    // A run of commands has no conversation.
    const compact = 422;
    expect(answers).toEqual([
      404,
      404,
      404,
      204,
      204,
      200,
      200,
      200,
      200,
      200,
      204,
      204,
      204,
      // No answer is in it, no turn of an agent goes on, and there is no text.
      400,
      409,
      400,
      turn,
      compact,
      202,
      202,
    ]);
    expect(await stateOf(service)).not.toEqual(before);
  });
});
