import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { executeBeside } from '../support/audited-database.js';
import { startRefused, startService, type RunningService } from '../support/service.js';

const MASTER_KEY = 'the key of the audit tests';
const WRITE_TOKEN = 'write-token-0123456789abcdef';
const ROWS = 12;

let service: RunningService;
let dataDir: string;
const copies: string[] = [];

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'risoluto-audit-'));
  const env = { MASTER_KEY, RISOLUTO_WRITE_TOKEN: WRITE_TOKEN };
  service = await startService({ dataDir, env, yaml: { rateLimits: { api: { limit: 100_000 } } } });
  for (let n = 1; n <= ROWS; n++) {
    const path = `/api/v1/secrets/T${n % 4}`;
    const answer = await service.api('PUT', path, { body: { value: `v${n}` }, token: WRITE_TOKEN });
    if (answer.status !== 204) throw new Error(`no secret could be set: ${answer.text}`);
  }
});
afterAll(async () => {
  await service.stop();
  for (const directory of [dataDir, ...copies].flatMap((path) => [path, `${path}-workspaces`])) {
    rmSync(directory, { recursive: true, force: true });
  }
});

const list = (query = '') => service.api('GET', `/api/v1/audit${query}`);
const verify = (query = '', token?: string) =>
  service.api('GET', `/api/v1/audit/verify${query}`, token === undefined ? {} : { token });
const seqs = (items: { seq: number }[]): number[] => items.map((row) => row.seq);

describe('GET /api/v1/audit', () => {
  it('answers rows of the documented shape, newest first, each chained to the one before', async () => {
    const { body } = await list();
    expect(seqs(body.items)).toEqual(Array.from({ length: ROWS }, (_, n) => ROWS - n));
    expect(body.items[0]).toEqual({
      seq: ROWS,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      actor: 'write-token',
      action: 'secret.set',
      target: 'T0',
      requestId: expect.any(String),
      details: null,
      prevHash: body.items[1].hash,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      keyId: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(body.nextCursor).toBeNull();
  });

  it('carries the id that the answer’s X-Request-ID carried', async () => {
    const answer = await service.api('PUT', '/api/v1/secrets/T1', {
      body: { value: 'again' },
      token: WRITE_TOKEN,
      headers: { 'x-request-id': 'forged' },
    });
    expect((await list('?limit=1')).body.items[0].requestId).toBe(answer.headers['x-request-id']);
    await service.api('DELETE', '/api/v1/secrets/T1', { token: WRITE_TOKEN });
  });

  it('pages and filters', async () => {
    const first = (await list('?target=T2&limit=2')).body;
    expect(seqs(first.items)).toEqual([10, 6]);
    const second = (await list(`?target=T2&limit=2&cursor=${first.nextCursor}`)).body;
    expect([seqs(second.items), second.nextCursor]).toEqual([[2], null]);
    expect((await list('?actor=loopback')).body.items).toEqual([]);
    expect((await list('?action=secret.deleted')).body.items).toHaveLength(1);
    expect((await list('?from=2099-01-01T00:00:00Z')).body.items).toEqual([]);
    expect((await list('?to=2001-01-01T00:00:00Z')).body.items).toEqual([]);
    expect(
      (await list('?from=2001-01-01&to=2099-01-01&actor=write-token')).body.items,
    ).toHaveLength(ROWS + 2);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['limit=x', 'limit'],
    ['from=yesterday', 'from'],
    ['to=2024-13-01', 'to'],
    ['from=0', 'from'],
    ['actor=', 'actor'],
    ['actor=a&actor=b', 'actor'],
    ['offset=5', 'offset'],
    [`target=${'x'.repeat(300)}`, 'target'],
  ])('refuses ?%s and names the field', async (query, field) => {
    const { status, body } = await list(`?${query}`);
    expect([status, body.error.code]).toEqual([400, 'validation_failed']);
    expect(body.error.details.map((detail: { field: string }) => detail.field)).toContain(field);
  });

  it.each(['x', 'W10', 'WzEsMiwzXQ', 'WyJhIiwxXQ', 'Wy0xLDFd'])(
    'refuses the cursor %s',
    async (cursor) => {
      const { status, body } = await list(`?cursor=${cursor}`);
      expect([status, body.error.code]).toEqual([400, 'invalid_cursor']);
    },
  );
});

describe('GET /api/v1/audit/verify', () => {
  it('is open to readers, and in full to writers alone', async () => {
    expect((await verify()).body).toMatchObject({ ok: true, firstBroken: null });
    expect((await verify('?full=false')).status).toBe(200);
    for (const query of [
      '?full=true',
      '?full=1',
      '?full=',
      '?full=true&full=false',
      '?full[]=true',
    ]) {
      const answer = await verify(query);
      expect([query, answer.status]).not.toEqual([query, 200]);
    }
    expect((await verify('?full=true')).body.error.code).toBe('write_unauthorized');
    expect((await verify('?full=true', WRITE_TOKEN)).body).toMatchObject({ ok: true });
  });

  it.each([
    ['edited', "UPDATE audit_rows SET target = 'T9' WHERE seq = 5", 5],
    ['deleted', 'DELETE FROM audit_rows WHERE seq = 5', 5],
    [
      'inserted',
      "INSERT INTO audit_rows SELECT seq + 1, at, actor, action, target, request_id, details, 'x', 'y', key_id FROM audit_rows ORDER BY seq DESC LIMIT 1",
      ROWS + 3,
    ],
    [
      'reordered',
      'UPDATE audit_rows SET seq = -4 WHERE seq = 4; UPDATE audit_rows SET seq = 4 WHERE seq = 6; UPDATE audit_rows SET seq = 6 WHERE seq = -4',
      4,
    ],
    ['cut_from_end', 'DELETE FROM audit_rows WHERE seq > 7', 8],
  ])('names the first row that was %s on a copy', async (reason, sql, seq) => {
    const copy = copyOfData();
    await executeBeside(join(copy, 'risoluto.db'), sql);
    const other = await startService({ dataDir: copy, env: { MASTER_KEY } });
    try {
      const { body } = await other.api('GET', '/api/v1/audit/verify');
      expect(body).toMatchObject({ ok: false, firstBroken: { seq, reason } });
      await other.api('PUT', '/api/v1/secrets/NEW', { body: { value: 'v' } });
      const after = (await other.api('GET', '/api/v1/audit/verify')).body;
      expect([reason, after.ok, after.firstBroken.seq]).toEqual([reason, false, seq]);
    } finally {
      await other.stop();
    }
  });

  it('a start without audit.key is refused with what to do', async () => {
    const copy = copyOfData();
    rmSync(join(copy, 'audit.key'));
    const { code, logs } = await startRefused({ dataDir: copy, env: { MASTER_KEY } });
    expect(code).toBe(1);
    expect(logs).toMatch(/^risoluto: .*audit\.key is missing .* restore it from the backup/m);
  });
});

/** WAL and all, as a backup of a running service would take it between two writes. */
function copyOfData(): string {
  const copy = mkdtempSync(join(tmpdir(), 'risoluto-audit-copy-'));
  cpSync(dataDir, copy, { recursive: true });
  copies.push(copy);
  return copy;
}
