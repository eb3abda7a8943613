import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { callApi, type ApiAnswer } from '../support/http.js';
import { SEED, sized } from '../support/long-form.js';
import type { RunningService } from '../support/service.js';
import { startWithoutEngine } from '../input/refusal.js';
import { stateOf } from '../input/state.js';

const REQUESTS = sized(1500, 100_000);
/** As many requests go out before the state is compared: a comparison reads all of it. */
const ROUND = 50;
const CANARY = 'fuzz-canary-71d2c9';

interface Attempt {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | Buffer | undefined;
}

let service: RunningService;
let attempts: fc.Arbitrary<Attempt>;

beforeAll(async () => {
  service = await startWithoutEngine();
  await service.api('PUT', '/api/v1/secrets/FUZZ', { body: { value: CANARY } });
  const run = { issue: 'MT-1', command: ['true'] };
  const { id } = (await service.api('POST', '/api/v1/runs', { body: run })).body;
  attempts = attemptsOn((await service.api('GET', '/api/v1/openapi.json')).body, id);
});

afterAll(() => service.stop());

it(
  `${REQUESTS} random requests, seed ${SEED}: none breaks the frame, and a refused one changes nothing`,
  async () => {
    console.log(`TEST_SEED=${SEED}`);
    const statuses = new Map<number, number>();
    let before = await stateOf(service);
    for (let from = 0; from < REQUESTS; from += ROUND) {
      const round = fc.sample(attempts, { seed: SEED + from, numRuns: ROUND });
      let changed = false;
      for (const attempt of round) {
        const answer = await send(attempt);
        expectInFrame(attempt, answer);
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        changed ||= answer.status < 400 && !['GET', 'HEAD', 'OPTIONS'].includes(attempt.method);
      }
      const after = await stateOf(service);
      if (!changed) expect(after, `requests ${from} to ${from + ROUND}`).toEqual(before);
      before = after;
    }
    expect(service.logs()).not.toContain(CANARY);
    expect(service.logs()).not.toContain('"level":"error"');
    expect((await service.api('GET', '/api/v1/audit/verify?full=true')).body.ok).toBe(true);
    console.log(Object.fromEntries([...statuses].toSorted(([a], [b]) => a - b)));
  },
  60_000 + REQUESTS * 200,
);

async function send(attempt: Attempt): Promise<ApiAnswer> {
  const { method, path, headers, body } = attempt;
  try {
    return await callApi(service.url, method, path, { headers, body, timeoutMs: 70_000 });
  } catch (error) {
    throw new Error(`no answer to ${JSON.stringify(attempt).slice(0, 2000)}`, { cause: error });
  }
}

function expectInFrame(attempt: Attempt, answer: ApiAnswer): void {
  const said = `${JSON.stringify(attempt).slice(0, 1500)} -> ${answer.status} ${answer.text.slice(0, 300)}`;
  expect(answer.headers['x-request-id'], said).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  expect(answer.text + JSON.stringify(answer.headers), said).not.toContain(CANARY);
  if (answer.status < 400) return;
  expect(answer.status === 503 || answer.status < 500, said).toBe(true);
  if (attempt.method === 'HEAD') return;
  expect(answer.body, said).toHaveProperty('error.code');
  expect(answer.body.error.message, said).toMatch(/\S/);
}

/** Requests to all routes of the document: near to good ones, and far from any. */
function attemptsOn(
  document: { paths: Record<string, Record<string, unknown>> },
  runId: string,
): fc.Arbitrary<Attempt> {
  const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'];
  const templates = [...Object.keys(document.paths), '/docs', '/docs/{any}', '/{any}'];
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method): [string, string] => [method.toUpperCase(), path]),
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ unit: 'grapheme', maxLength: 300 }),
    fc.constantFrom('FUZZ', runId, 'MT-1', '..', '../..', 'a/b', '-rf', '\0', '%', '', "' OR 1 --"),
  );
  const wordOf = text.map((word) => encodeURIComponent(Buffer.from(word).toString()) || '%20');
  const value = fc.oneof(
    fc.constantFrom<unknown>(runId, 'MT-1', ['true'], { A: 'b' }, ['FUZZ'], 0, -1, 1e308, null),
    fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }),
    text,
  );
  const names = [
    ...['issue', 'command', 'env', 'secrets', 'policy', 'timeoutSeconds', 'image', 'value'],
    ...[
      'limit',
      'cursor',
      'status',
      'wait',
      'after',
      'follow',
      'full',
      'actor',
      'from',
      '__proto__',
    ],
  ];
  const fields = fc.dictionary(fc.oneof(fc.constantFrom(...names), text), value, { maxKeys: 6 });
  const nearRun = fields.map((more) => ({ issue: 'MT-1', command: ['true'], ...more }));
  const body = fc.oneof(
    { weight: 4, arbitrary: nearRun.map((one) => JSON.stringify(one)) },
    { weight: 3, arbitrary: fields.map((one) => JSON.stringify(one)) },
    { weight: 1, arbitrary: fc.json({ maxDepth: 6 }) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((one) => Buffer.from(one)) },
    { weight: 2, arbitrary: fc.constant(undefined) },
  );
  const header = fc.string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .map((code) => String.fromCharCode(code))
      .filter((c) => c !== '\x7f'),
    maxLength: 60,
  });
  const headers = fc.record(
    {
      accept: fc.oneof(fc.constantFrom('text/event-stream', 'text/plain', '*/*;q=x'), header),
      'content-type': fc.oneof({ weight: 9, arbitrary: fc.constant('application/json') }, header),
      authorization: fc.oneof(fc.constant('Bearer x'), header),
      'idempotency-key': fc.oneof(fc.constantFrom('a', 'b'), header),
      'last-event-id': header,
      'x-request-id': header,
      cookie: header,
      range: header,
      'if-none-match': header,
    },
    { requiredKeys: ['content-type'] },
  );
  const query = fc.dictionary(
    fc.constantFrom(...names),
    fc.oneof(wordOf, fc.constantFrom('1', '0', 'true')),
    { maxKeys: 3 },
  );
  const operation = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...operations) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...methods), fc.constantFrom(...templates)) },
  );
  const place = fc.oneof(wordOf, fc.constantFrom(runId, 'FUZZ'));
  return fc.record({ operation, place, query, headers, body }).map((one) => {
    const [method, template] = one.operation;
    // Waiting and following are tried elsewhere: here they would only take time.
    const asked = Object.entries(one.query).filter(
      ([name]) => name !== 'wait' && name !== 'follow',
    );
    const search = asked.map(([name, given]) => `${name}=${given}`).join('&');
    const path = template.replace(/\{[^}]+\}/g, () => one.place) + (search && `?${search}`);
    const sent = { ...one.headers };
    if (sent.accept?.includes('event-stream')) sent.accept = 'text/plain';
    return { method, path, headers: sent, body: one.body };
  });
}
