import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { SEED, sized } from '../support/long-form.js';
import { residentBytes } from '../support/memory.js';
import { startService, type RunningService } from '../support/service.js';
import { ApiSurface, type OpenApi } from './api-surface.js';
import { Attempts, withRun, type Attempt } from './attempts.js';
import { Dice } from './dice.js';
import { FuzzClient, type Answer } from './fuzz-client.js';
import { Ledger } from './ledger.js';
import { CANARY, ENVIRONMENT_CANARY } from './odd-values.js';

/** Of each of the two services. */
const REQUESTS = sized(1500, 500_000);
const ROUNDS = 100;
const CLIENTS = 16;
const MOST_GROWTH = 256 * 1024 * 1024;
const TOKEN = 'fuzzer-token-0a1b2c3d4e5f';
const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND']);
/** The engine is away, no sender of webhooks has a secret; and a body past the limit may meet a service that reads no more of it. */
const EXPECTED_503 = new Set([
  'storage_busy',
  'too_many_streams',
  'engine_unavailable',
  'webhook_not_configured',
]);

describe.each([
  ['that loopback may write to', null],
  ['with a write token', TOKEN],
])('a service %s', (_what, token) => {
  let directory: string;
  let service: RunningService;
  let client: FuzzClient;
  let ledger: Ledger;
  let attempts: Attempts;
  let runId: string;
  const statuses = new Map<string, number>();

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'risoluto-fuzz-'));
    service = await startService({
      yaml: { rateLimits: { api: { limit: 1_000_000_000 }, webhooks: { limit: 1_000_000_000 } } },
      env: {
        DOCKER_HOST: 'unix:///nonexistent/engine.sock',
        ...(token !== null && {
          RISOLUTO_WRITE_TOKEN: token,
          RISOLUTO_READ_TOKEN: `read-${token}`,
        }),
      },
      // A log of this many lines is kept on disk, not by the test.
      wrapper: ['sh', '-c', 'exec "$@" >>"$0" 2>&1', join(directory, 'log')],
    });
    const credentials = token === null ? {} : { token };
    await service.api('PUT', '/api/v1/secrets/FUZZ', { ...credentials, body: { value: CANARY } });
    const body = { issue: 'MT-1', command: ['true'], env: { SAFE: ENVIRONMENT_CANARY } };
    runId = (await service.api('POST', '/api/v1/runs', { ...credentials, body })).body.id as string;
    const document = (await service.api('GET', '/api/v1/openapi.json')).body as OpenApi;
    attempts = new Attempts(new ApiSurface(document), token);
    client = new FuzzClient(new URL(service.url), CLIENTS);
    ledger = await Ledger.open(service);
  });

  afterAll(async () => {
    client?.close();
    await service?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it(
    `answers ${REQUESTS} requests in its frame, and none that it refuses changes anything`,
    async () => {
      console.log(`TEST_SEED=${SEED}`);
      const { pid } = service;
      let warm = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        await sendRound(round);
        await ledger.settle();
        if (round === ROUNDS / 10) warm = await residentBytes(pid);
      }
      const grown = (await residentBytes(pid)) - warm;
      console.log(Object.fromEntries([...statuses].toSorted()), `grown ${grown >> 20} MiB`);
      expect(grown).toBeLessThan(MOST_GROWTH);
      expect((await service.api('GET', '/healthz')).status).toBe(200);
      expect(service.pid).toBe(pid);
    },
    60_000 + REQUESTS * 60,
  );

  it('says no secret in its metrics, its audit trail and its log, and logs no error', async () => {
    const asked = { token: token ?? '' };
    for (const path of ['/metrics', '/api/v1/audit?limit=200', '/api/v1/runs?limit=200']) {
      const { status, text } = await service.api('GET', path, asked);
      expect(status).toBe(200);
      expectSilence(path, text);
    }
    const verified = await service.api('GET', '/api/v1/audit/verify?full=true', asked);
    expect(verified.body).toMatchObject({ ok: true });
    await service.terminate();
    let lines = 0;
    for await (const line of createInterface(createReadStream(join(directory, 'log'), 'utf8'))) {
      lines += 1;
      expectSilence('log', line);
      expect(line).not.toContain('"level":"error"');
    }
    // Else nothing was looked at.
    expect(lines).toBeGreaterThan(REQUESTS / 2);
  });

  async function sendRound(round: number): Promise<void> {
    const size = REQUESTS / ROUNDS;
    let index = round * size;
    const end = index + size;
    const sendSome = async () => {
      while (index < end) {
        const mine = index;
        index += 1;
        const attempt = withRun(attempts.make(new Dice(SEED, mine)), runId);
        try {
          expectInFrame(attempt, await client.send(attempt));
        } catch (error) {
          throw new Error(`TEST_SEED=${SEED}, request ${mine}: ${shown(attempt)}`, {
            cause: error,
          });
        }
      }
    };
    const sent = await Promise.allSettled(Array.from({ length: CLIENTS }, sendSome));
    const failed = sent.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  function expectInFrame(attempt: Attempt, answer: Answer | null): void {
    const key = answer === null ? 'none' : String(answer.status);
    statuses.set(key, (statuses.get(key) ?? 0) + 1);
    if (answer === null) return;
    const said = `${answer.status} ${answer.text.slice(0, 500)}`;
    const { status, headers, text } = answer;
    const requestId = String(headers['x-request-id']);
    expect(requestId, said).toMatch(ULID);
    expectSilence(said, text + JSON.stringify(headers));
    if (attempt.operation !== null) expect(attempt.operation.statuses, said).toContain(status);
    if (status >= 400) expectEnvelope(attempt.method, said, answer);
    else if (!SAFE.has(attempt.method)) {
      expect(attempt.unauthorised, said).toBe(false);
      ledger.acknowledge(requestId);
    }
  }
});

function expectEnvelope(method: string, said: string, { status, headers, text }: Answer): void {
  expect(headers['content-type'], said).toBe('application/json; charset=utf-8');
  if (method === 'HEAD') return;
  const { error } = JSON.parse(text) as { error: { code: string; message: string } };
  expect(error.code, said).toMatch(/^[a-z_]+$/);
  expect(error.message, said).toMatch(/\S/);
  expect(text.length, said).toBeLessThan(20_000);
  if (status >= 500) expect(EXPECTED_503, said).toContain(status === 503 && error.code);
}

function expectSilence(where: string, text: string): void {
  const told = [CANARY, ENVIRONMENT_CANARY, TOKEN].filter((secret) => text.includes(secret));
  expect(told, where).toEqual([]);
}

function shown({ body, ...attempt }: Attempt): string {
  const bytes = body === null ? null : { base64: body.subarray(0, 3000).toString('base64') };
  return JSON.stringify({ ...attempt, operation: undefined, body: bytes });
}
