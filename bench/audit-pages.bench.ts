import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { FileAuditAnchor } from '../src/audit/file-audit-anchor.js';
import { encodeCursor } from '../src/http/pagination.js';
import { openAuditedDatabase } from '../test/support/audited-database.js';
import type { Benchmark, Comparison } from './benchmark.js';
import { startInProduction, type ProductionService } from './production-service.js';

const FEW = 1000;
const PAGES_A_ROUND = 20;
const LIMIT = 50;
const FIRST_AT = Date.parse('2026-01-01T00:00:00Z');
const MS_BETWEEN_ROWS = 1000;

const benchmark: Benchmark = {
  question: 'Does a page of the audit trail cost the same however long the trail is?',

  async prepare({ quick }) {
    const many = quick ? 100_000 : 1_000_000;
    const root = mkdtempSync(join(tmpdir(), 'risoluto-bench-'));
    const trails: { rows: number; running: ProductionService }[] = [];
    for (const rows of [many, FEW]) {
      const dataDir = join(root, String(rows));
      await fill(dataDir, rows);
      trails.push({ rows, running: await startInProduction(dataDir) });
    }
    return {
      comparisons: Object.entries(QUERIES).map(([name, query]): Comparison => ({
        name: `audit: ${name}`,
        measures: [{ unit: 'ms/page', better: 'lower', target: 1.5 }],
        contenders: trails.map(({ rows, running }) => ({
          name: `${rows} rows`,
          measure: () => readPages(running, query(rows)),
        })),
        rounds: quick ? 2 : 11,
        warmUpRounds: quick ? 1 : 3,
      })),
      async dispose() {
        for (const { running } of trails) await running.stop();
        rmSync(root, { recursive: true, force: true });
      },
    };
  },
};

/** By what is looked for; each answers a full page of a trail of that many rows. */
const QUERIES: Readonly<Record<string, (rows: number) => Record<string, string>>> = {
  'first page': () => ({}),
  'deep page': (rows) => ({ cursor: encodeCursor([Math.floor(rows / 10), 1]) }),
  'by actor': () => ({ actor: 'token:ci-2' }),
  'by action': () => ({ action: 'secret.set-3' }),
  'by target': () => ({ target: 'KEY_7' }),
  'by time, in the middle': (rows) => ({
    from: timeOf(Math.floor(rows / 2)),
    to: timeOf(Math.floor(rows / 2) + 2 * LIMIT),
  }),
  'by all of them': (rows) => ({
    actor: 'token:ci-2',
    action: 'secret.set-2',
    target: 'KEY_2',
    to: timeOf(rows - 10),
  }),
};

const timeOf = (seq: number) => new Date(FIRST_AT + seq * MS_BETWEEN_ROWS).toISOString();

async function readPages(
  { service }: ProductionService,
  query: Record<string, string>,
): Promise<number[]> {
  const url = `${service.url}/api/v1/audit?${String(new URLSearchParams({ limit: String(LIMIT), ...query }))}`;
  const began = performance.now();
  for (let count = 0; count < PAGES_A_ROUND; count += 1) {
    const answer = await fetch(url);
    const { items } = (await answer.json()) as { items?: unknown[] };
    if (items?.length !== LIMIT) throw new Error(`${url}: ${answer.status}, not a full page`);
  }
  return [(performance.now() - began) / PAGES_A_ROUND];
}

/**
 * Rows of the usual size whose hashes nobody made; a list does not look at them. The head beside the
 * table fits, so that the service starts without a finding.
 */
async function fill(dataDir: string, rows: number): Promise<void> {
  const db = await openAuditedDatabase({ root: dataDir });
  const { writing } = db.database;
  await writing.query(
    `INSERT INTO audit_rows
       (seq, at, actor, action, target, request_id, details, prev_hash, hash, key_id)
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
     SELECT i, ? + i * ?, 'token:ci-' || (i % 4), 'secret.set-' || (i % 4), 'KEY_' || (i % 10),
       hex(randomblob(13)), '{"note":"as long as details usually are"}',
       hex(randomblob(32)), hex(randomblob(32)), ? FROM n`,
    [rows, FIRST_AT, MS_BETWEEN_ROWS, db.key.id],
  );
  await writing.query('ANALYZE');
  const [head] = (await writing.query('SELECT seq, hash FROM audit_rows WHERE seq = ?', [
    rows,
  ])) as [{ seq: number; hash: string }];
  const hash = head.hash.toLowerCase();
  await writing.query('UPDATE audit_rows SET hash = ? WHERE seq = ?', [hash, rows]);
  const anchor = new FileAuditAnchor(db.anchorFile, db.key, () => db.directory.sync());
  await anchor.write({ seq: rows, hash });
  await db.close();
}

export default benchmark;
