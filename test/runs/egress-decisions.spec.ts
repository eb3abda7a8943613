import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';

import { newId } from '../../src/kernel/ids.js';
import { executeBeside } from '../support/audited-database.js';
import { startService, type RunningService } from '../support/service.js';
import { allEvents, eventsOf, type ServerEvent } from './run-output.js';
import { UNLIMITED } from './run-questions.js';

const AT = Date.UTC(2026, 10, 23, 12);

interface Row {
  turn?: number;
  host: string;
  port?: number;
  allowed: boolean;
  reason?: string | null;
  open?: boolean;
  count?: number;
}

const DECISIONS: readonly Row[] = [
  { host: 'registry.test', allowed: true },
  { host: 'evil.test', allowed: false, reason: 'not_listed', count: 7 },
  { host: 'registry.test', port: 8443, allowed: false, reason: 'port_not_listed' },
  { host: '10.0.0.7', allowed: false, reason: 'blocked_address' },
  { host: 'git.test', port: 22, allowed: true, turn: 2, reason: 'no_longer_listed' },
  { host: 'git.test', port: 80, allowed: true, turn: 2, open: true },
];

let service: RunningService;
/** A run that has finished with decisions, one that waits with decisions, and one without any. */
let finished: string;
let waiting: string;
let quiet: string;

/** No engine, so that what is accepted waits. */
beforeAll(async () => {
  service = await startService({
    env: { DOCKER_HOST: 'unix:///nonexistent/docker.sock' },
    yaml: UNLIMITED,
  });
  [finished, waiting, quiet] = [await post('ED-1'), await post('ED-2'), await post('ED-3')];
  for (const id of [finished, quiet]) await service.api('POST', `/api/v1/runs/${id}/cancel`);
  await service.terminate();
  for (const id of [finished, waiting]) await seed(id, DECISIONS);
  await service.start();
});
afterAll(() => service?.stop());

async function post(issue: string): Promise<string> {
  const body = { issue, command: ['true'] };
  return (await service.api('POST', '/api/v1/runs', { body })).body.id as string;
}

/** As the recorder writes them; the service is not running. */
function seed(runId: string, rows: readonly Row[]): Promise<void> {
  const text = (value: string | null | undefined) => (value == null ? 'NULL' : `'${value}'`);
  const values = rows.map(
    ({ turn = 1, host, port = 443, allowed, reason, open = false, count = 1 }, index) =>
      `('${newId()}', '${runId}', ${index + 1}, ${turn}, ${AT + index}, '${host}', ${port}, ` +
      `${allowed ? 1 : 0}, ${text(allowed ? host : null)}, ${text(reason)}, ` +
      `${allowed ? 10 : 0}, ${allowed ? 20 : 0}, ${open ? 'NULL' : allowed ? 5 : 0}, ${count})`,
  );
  return executeBeside(
    join(service.dataDir, 'risoluto.db'),
    `INSERT INTO egress_decisions (id, run_id, seq, turn, at, host, port, allowed, rule, reason,
       bytes_up, bytes_down, duration_ms, count) VALUES ${values.join(',')}`,
  );
}

const get = (id: string, query = '', headers: Record<string, string> = {}) =>
  service.api('GET', `/api/v1/runs/${id}/egress${query}`, { headers });
const follow = (id: string, query = '', headers: Record<string, string> = {}) =>
  service.stream(`/api/v1/runs/${id}/egress${query}`, {
    headers: { accept: 'text/event-stream', ...headers },
  });
const seqsOf = (body: { items: { seq: number }[] }) => body.items.map(({ seq }) => seq);
const inShort = ({ id, event, data }: ServerEvent) =>
  `${event} ${id} ${(JSON.parse(data) as { seq?: number }).seq}`;

describe('the list of a run’s decisions', () => {
  it('is the oldest first, in the shape of the document', async () => {
    const { status, body } = await get(finished);
    expect(status).toBe(200);
    expect(body).toMatchObject({ nextCursor: null, mode: 'enforce' });
    expect(seqsOf(body)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(body.items[0]).toEqual({
      id: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/),
      ...{ route: null, method: null, path: null, status: null },
      ...{ seq: 1, at: '2026-11-23T12:00:00.000Z', turn: 1, host: 'registry.test', port: 443 },
      ...{ allowed: true, rule: 'registry.test', reason: null },
      ...{ bytesUp: 10, bytesDown: 20, durationMs: 5, count: 1 },
    });
    expect(body.items[1]).toMatchObject({
      allowed: false,
      rule: null,
      reason: 'not_listed',
      count: 7,
    });
    expect(body.items[5]).toMatchObject({ durationMs: null });
  });

  it.each([1, 2, 4, 6])('comes whole in pages of %i', async (limit) => {
    const seqs: number[] = [];
    let cursor: string | null = '';
    let pages = 0;
    while (cursor !== null) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await get(finished, `?limit=${limit}${query}`);
      seqs.push(...seqsOf(body));
      cursor = body.nextCursor as string | null;
      pages += 1;
    }
    expect(seqs).toEqual([1, 2, 3, 4, 5, 6]);
    expect(pages).toBe(Math.ceil(6 / limit));
  });

  it.each([
    ['?allowed=true', [1, 5, 6]],
    ['?allowed=false', [2, 3, 4]],
    ['?turn=2', [5, 6]],
    ['?turn=1&allowed=true', [1]],
    ['?turn=9', []],
  ])('holds with %s what is asked for', async (query, seqs) => {
    expect(seqsOf((await get(finished, query)).body)).toEqual(seqs);
  });

  it('is empty for a run without any, and 404 for no run', async () => {
    const empty = { items: [], nextCursor: null, mode: 'enforce' };
    expect((await get(quiet)).body).toEqual(empty);
    for (const id of [newId(), 'x']) {
      const { status, body } = await get(id);
      expect([status, body.error.code]).toEqual([404, 'run_not_found']);
    }
  });

  it.each([
    ['allowed=maybe', 'validation_failed'],
    ['turn=0', 'validation_failed'],
    ['turn=x', 'validation_failed'],
    ['after=-1', 'validation_failed'],
    ['suggest=everything', 'validation_failed'],
    ['other=1', 'validation_failed'],
    ['cursor=x', 'invalid_cursor'],
    [`cursor=${Buffer.from('["a"]').toString('base64url')}`, 'invalid_cursor'],
    [`cursor=${Buffer.from('[1,2]').toString('base64url')}`, 'invalid_cursor'],
  ])('refuses ?%s', async (query, code) => {
    const { status, body } = await get(finished, `?${query}`);
    expect([status, body.error.code]).toEqual([400, code]);
  });
});

describe('the events of a run’s decisions', () => {
  it('are all that is stored and the end of a run that has finished', async () => {
    const response = await follow(finished);
    expect(response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(response.headers['x-accel-buffering']).toBe('no');
    const events = await allEvents(response);
    expect(events.slice(0, -1).map(inShort)).toEqual(
      DECISIONS.map((_row, index) => `decision ${index + 1} ${index + 1}`),
    );
    expect(events.at(-1)).toMatchObject({
      event: 'end',
      data: '{"status":"cancelled","exitCode":null}',
    });
    const { body } = await get(finished);
    const told = events.slice(0, -1).map(({ data }) => JSON.parse(data) as unknown);
    expect(told).toEqual(body.items);
  });

  it.each([
    ['Last-Event-ID', '', { 'last-event-id': '4' }],
    ['after', '?after=4', {}],
    ['after, which wins', '?after=4', { 'last-event-id': '1' }],
  ])('go on behind %s, with what may have changed before', async (_what, query, headers) => {
    const events = await allEvents(await follow(finished, query, headers));
    expect(events.map(inShort)).toEqual([
      'update null 1',
      'update null 2',
      'decision 5 5',
      'decision 6 6',
      'end null undefined',
    ]);
  });

  it('hold what is asked for, and none with HEAD', async () => {
    const events = await allEvents(await follow(finished, '?turn=2&allowed=true'));
    expect(events.slice(0, -1).map(inShort)).toEqual(['decision 5 5', 'decision 6 6']);
    const head = await service.api('HEAD', `/api/v1/runs/${waiting}/egress`, {
      headers: { accept: 'text/event-stream' },
    });
    expect([head.status, head.text]).toEqual([200, '']);
    expect(head.headers['content-type']).toContain('text/event-stream');
  });

  it('of a run that goes on end with its end', async () => {
    const id = await post('ED-4');
    const told: string[] = [];
    const events = eventsOf(await follow(id));
    const over = (async () => {
      for await (const { event } of events) told.push(event);
    })();
    await service.api('POST', `/api/v1/runs/${id}/cancel`);
    await over;
    expect(told).toEqual(['end']);
  });
});

describe('the suggestion of an allowlist', () => {
  it('is what was reached, and apart from it what was not listed; never what is private', async () => {
    const { status, body } = await get(finished, '?suggest=allowlist');
    expect(status).toBe(200);
    expect(body).toEqual({
      allowlist: ['git.test:22', 'git.test:80', 'registry.test'],
      denied: ['evil.test', 'registry.test:8443'],
      mode: 'enforce',
      note: expect.stringContaining('`denied` is what more it asked for'),
    });
    const none = (await get(quiet, '?suggest=allowlist')).body;
    expect(none).toMatchObject({ allowlist: [], denied: [], note: /No connection of the run/ });
  });

  it('says what mode it comes from', async () => {
    expect((await get(waiting)).body.mode).toBe('enforce');
    await service.terminate();
    await executeBeside(
      join(service.dataDir, 'risoluto.db'),
      `UPDATE egress_decisions SET reason = 'observed' WHERE run_id = '${finished}' AND seq = 1`,
    );
    await service.start();
    for (const query of ['', '?suggest=allowlist']) {
      expect((await get(finished, query)).body.mode).toBe('observe');
      expect((await get(waiting, query)).body.mode).toBe('enforce');
    }
    const file = parseDocument(await readFile(service.home.configFile, 'utf8'));
    file.setIn(['codex', 'sandbox', 'egressMode'], 'observe');
    await service.terminate();
    await writeFile(service.home.configFile, String(file));
    await service.start();
    expect((await get(waiting)).body.mode).toBe('observe');
    expect((await get(quiet)).body.mode).toBe('enforce');
  });
});

it('ends its events with a word when the service stops', async () => {
  const events = eventsOf(await follow(waiting));
  const told: string[] = [];
  const over = (async () => {
    for await (const { event } of events) told.push(event);
  })();
  await expect.poll(() => told).toHaveLength(DECISIONS.length);
  await service.terminate();
  await over;
  expect(told.at(-1)).toBe('stopping');
});
