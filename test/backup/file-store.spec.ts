import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { risoluto } from '../cli/risoluto.js';
import { UNLIMITED } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { sized } from '../support/long-form.js';
import { valuesOfFileFor06 } from '../support/secrets-file-of-0-6.js';
import { startService, type RunningService } from '../support/service.js';
import { queryStored } from '../support/stored.js';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 180_000 });

const MASTER_KEY = 'c4n4ry-the-key-of-the-file-store';
const env = { MASTER_KEY, RISOLUTO_SECRETS_STORE: 'file' };
const BACKUPS = sized(4, 60);

let root: string;
let source: RunningService;
let restored: RunningService | null = null;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'risoluto-file-backup-'));
  source = await startService({ env, yaml: { ...UNLIMITED } });
});
afterAll(async () => {
  await restored?.stop();
  await source?.stop();
  rmSync(root, { recursive: true, force: true });
});

describe('a backup of the file store', () => {
  it('has the file that its database means, however fast secrets are written meanwhile', async () => {
    const acknowledged = new Set<string>();
    const writing = { on: true };
    const writers = [0, 1, 2].map(async (writer) => {
      for (let n = 0; writing.on; n++) {
        const key = `W${writer}_${n % 50}_${n}`;
        const answer = await source.api('PUT', `/api/v1/secrets/${key}`, { body: { value: key } });
        expect(answer.status, answer.text).toBe(204);
        acknowledged.add(key);
      }
    });
    const backups: { dataDir: string; had: string[] }[] = [];
    try {
      await until('some secrets to be stored', () => (acknowledged.size >= 10 ? true : null));
      for (let n = 1; n <= BACKUPS; n++) {
        const had = [...acknowledged];
        const file = join(root, `${n}.tar.gz`);
        const made = await risoluto(['backup', file], { env: source.env }, 120_000);
        expect(made.code, made.stderr).toBe(0);
        backups.push({ dataDir: join(root, `restored-${n}`), had });
      }
    } finally {
      writing.on = false;
      await Promise.all(writers);
    }
    for (const [index, { dataDir, had }] of backups.entries()) {
      const place = { ...source.env, DATA_DIR: dataDir, RISOLUTO_PORT: '9' };
      const file = join(root, `${index + 1}.tar.gz`);
      const done = await risoluto(['restore', file], { env: place }, 120_000);
      expect(done.code, done.stderr).toBe(0);
      const bytes = readFileSync(join(dataDir, 'secrets.enc'));
      const digest = createHash('sha256').update(bytes).digest('hex');
      expect(await queryStored(dataDir, 'SELECT digest FROM secrets_file')).toEqual([{ digest }]);
      const values = valuesOfFileFor06(MASTER_KEY, bytes.toString('utf8'));
      for (const key of had) expect(values[key]).toBe(key);
    }
  });

  it('starts again with every secret that was acknowledged before, and takes more', async () => {
    const last = join(root, `restored-${BACKUPS}`);
    const there = Object.keys(
      valuesOfFileFor06(MASTER_KEY, readFileSync(join(last, 'secrets.enc'), 'utf8')),
    );
    restored = await startService({ env, dataDir: last, yaml: { ...UNLIMITED } });
    const listed = await restored.api('GET', '/api/v1/secrets?limit=1000');
    expect(listed.status, listed.text).toBe(200);
    const put = await restored.api('PUT', '/api/v1/secrets/AFTER', { body: { value: 'x' } });
    expect(put.status).toBe(204);
    const values = valuesOfFileFor06(MASTER_KEY, readFileSync(join(last, 'secrets.enc'), 'utf8'));
    expect(Object.keys(values).sort()).toEqual([...there, 'AFTER'].sort());
    // None was taken over as another program's.
    const adopted = await restored.api('GET', '/api/v1/audit?action=secrets.file_adopted');
    expect(adopted.body.items).toEqual([]);
    const verified = await restored.api('GET', '/api/v1/audit/verify?full=true');
    expect(verified.body).toMatchObject({ ok: true });
  });
});
