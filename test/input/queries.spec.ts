import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { RunningService } from '../support/service.js';
import { expectRefusal, startWithoutEngine } from './refusal.js';
import { stateOf } from './state.js';

const NO_RUN = '01J00000000000000000000000';

let service: RunningService;
let run: string;
let before: unknown;

beforeAll(async () => {
  service = await startWithoutEngine();
  const body = { issue: 'MT-1', command: ['true'] };
  run = (await service.api('POST', '/api/v1/runs', { body })).body.id;
  before = await stateOf(service);
});

afterAll(() => service.stop());

const cursor = (value: unknown) =>
  `cursor=${Buffer.from(JSON.stringify(value)).toString('base64url')}`;

const LIMITS: [string, string][] = ['0', '-1', '201', '1.5', 'abc', '', '1e400', 'NaN', '%00'].map(
  (limit) => [`limit=${limit}`, 'limit'],
);
const CURSORS = [
  'cursor=',
  'cursor=abc',
  'cursor=%F0%9F%98%80',
  `cursor=${'A'.repeat(1000)}`,
  cursor([]),
  cursor({}),
  cursor(null),
  cursor(['x']),
  cursor(["' OR 1=1 --"]),
  cursor([[NO_RUN]]),
  cursor([null]),
];

describe('a query that makes no sense is refused by name', () => {
  const wrong: [string, string, string][] = [
    ...LIMITS.map(([query, field]): [string, string, string] => ['/api/v1/runs', query, field]),
    ...LIMITS.map(([query, field]): [string, string, string] => ['/api/v1/audit', query, field]),
    ...LIMITS.map(([query, field]): [string, string, string] => [
      '/api/v1/webhooks/deliveries',
      query,
      field,
    ]),
    ...LIMITS.map(([query, field]): [string, string, string] => [
      '/api/v1/webhooks/outbox',
      query,
      field,
    ]),
    ['/api/v1/webhooks/outbox', 'status=gone', 'status'],
    ['/api/v1/webhooks/outbox', 'run=..', 'run'],
    ['/api/v1/webhooks/outbox', 'issue=MT-1', 'issue'],
    ['/api/v1/runs', 'limit=1&limit=2', 'limit'],
    ['/api/v1/runs', 'limit[]=1', 'limit[]'],
    ['/api/v1/runs', 'status=x', 'status'],
    ['/api/v1/runs', 'status=QUEUED', 'status'],
    ['/api/v1/runs', 'status=queued&status=running', 'status'],
    ['/api/v1/runs', 'status=', 'status'],
    ['/api/v1/runs', 'issue=..', 'issue'],
    ['/api/v1/runs', 'issue=MT%2F1', 'issue'],
    ['/api/v1/runs', `issue=${'A'.repeat(300)}`, 'issue'],
    ['/api/v1/runs', 'page=2', 'page'],
    ['/api/v1/runs', 'offset=2', 'offset'],
    ['/api/v1/runs', `cursor=${'A'.repeat(1025)}`, 'cursor'],
    ['/api/v1/runs', 'cursor=a&cursor=b', 'cursor'],
    ['/api/v1/audit', 'actor=', 'actor'],
    ['/api/v1/audit', `target=${'a'.repeat(257)}`, 'target'],
    ['/api/v1/audit', 'from=yesterday', 'from'],
    ['/api/v1/audit', 'from=2026-13-01', 'from'],
    ['/api/v1/audit', 'to=0', 'to'],
    ['/api/v1/audit', 'from=2026-01-01&from=2026-01-02', 'from'],
    ['/api/v1/audit', 'seq=1', 'seq'],
    ['/api/v1/audit/verify', 'full=maybe', 'full'],
    ['/api/v1/audit/verify', 'full=1', 'full'],
    ['/api/v1/audit/verify', 'from=1', 'from'],
    ['/api/v1/runs/:id', 'wait=61', 'wait'],
    ['/api/v1/runs/:id', 'wait=-1', 'wait'],
    ['/api/v1/runs/:id', 'wait=1.5', 'wait'],
    ['/api/v1/runs/:id', 'wait=abc', 'wait'],
    ['/api/v1/runs/:id', 'wait=1e400', 'wait'],
    ['/api/v1/runs/:id', 'wait=0&wait=0', 'wait'],
    ['/api/v1/runs/:id', 'timeout=1', 'timeout'],
    ['/api/v1/runs/:id/output', 'after=-1', 'after'],
    ['/api/v1/runs/:id/output', 'after=1.5', 'after'],
    ['/api/v1/runs/:id/output', 'after=abc', 'after'],
    ['/api/v1/runs/:id/output', 'after=1e400', 'after'],
    ['/api/v1/runs/:id/output', 'after=9007199254740993', 'after'],
    ['/api/v1/runs/:id/output', 'follow=maybe', 'follow'],
    ['/api/v1/runs/:id/output', 'follow=true&follow=true', 'follow'],
    ['/api/v1/runs/:id/output', 'turn=1', 'turn'],
  ];
  it.each(wrong)('%s?%s: %s', async (path, query, field) => {
    const answer = await service.api('GET', `${path.replace(':id', run)}?${query}`);
    expectRefusal(answer, { status: 400, code: 'validation_failed', field });
  });

  it.each(CURSORS)('%s is no cursor', async (query) => {
    for (const path of ['/api/v1/runs', '/api/v1/audit', '/api/v1/webhooks/deliveries']) {
      const answer = await service.api('GET', `${path}?${query}`);
      expectRefusal(answer, { status: 400, code: 'invalid_cursor', field: 'cursor' });
    }
  });

  it('the cursor of another list is none of this one', async () => {
    const runs = cursor([NO_RUN]);
    expectRefusal(await service.api('GET', `/api/v1/audit?${runs}`), {
      status: 400,
      code: 'invalid_cursor',
    });
    const answer = await service.api('GET', `/api/v1/runs?${cursor([7])}`);
    expectRefusal(answer, { status: 400, code: 'invalid_cursor' });
  });

  it.each(['__proto__=1', '__proto__[x]=1', 'constructor=1', 'constructor[prototype][x]=1'])(
    '%s pollutes nothing',
    async (query) => {
      for (const path of ['/api/v1/runs', '/api/v1/audit', `/api/v1/runs/${run}`]) {
        expect((await service.api('GET', `${path}?${query}`)).status).toBeLessThan(500);
      }
      expect((await service.api('GET', '/healthz')).body).toEqual({ status: 'ok' });
    },
  );
});

describe('an id that is none', () => {
  const ids: string[] = [
    ...[NO_RUN, NO_RUN.toLowerCase(), 'x', '0', '%00', '..%2F..%2Finstance-id', '%2e%2e', 'null'],
    ...[`${NO_RUN}%00`, `${NO_RUN}%0A`, `${NO_RUN}.ndjson`, "' OR 1=1 --", 'A'.repeat(300)],
  ];
  it.each(ids)('%s finds nothing', async (id) => {
    const path = `/api/v1/runs/${id.replaceAll(' ', '%20')}`;
    const answers = [
      await service.api('GET', path),
      await service.api('GET', `${path}/output`),
      await service.api('GET', `${path}/output`, { headers: { accept: 'text/event-stream' } }),
      await service.api('GET', `${path}/sandbox`),
      await service.api('POST', `${path}/cancel`),
    ];
    for (const answer of answers) expectRefusal(answer, { status: 404, code: 'run_not_found' });
  });

  it('of 5,000 characters is too long, and a slash another path', async () => {
    const long = await service.api('GET', `/api/v1/runs/${'A'.repeat(5000)}`);
    expectRefusal(long, { status: 414, code: 'uri_too_long' });
    const climbing = await service.api('GET', '/api/v1/runs/../../../etc/passwd');
    expectRefusal(climbing, { status: 404, code: 'not_found' });
  });
});

describe('the documentation', () => {
  it.each([
    '/docs/../package.json',
    '/docs/..%2f..%2fpackage.json',
    '/docs/%2e%2e/%2e%2e/package.json',
    '/docs//etc/passwd',
    '/docs/..%5c..%5cpackage.json',
    '/docs/%00',
    '/docs/swagger-ui.css%00.js',
    `/docs/${'../'.repeat(20)}etc/passwd`,
  ])('serves no file but its own: %s', async (path) => {
    const answer = await service.api('GET', path);
    expect([400, 403, 404], answer.text).toContain(answer.status);
    expect(answer.body).toHaveProperty('error.code');
  });
});

it('none of it has changed anything', async () => {
  expect(await stateOf(service)).toEqual(before);
});
