import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { encodeCursor } from '../src/http/pagination.js';
import type { Benchmark, Comparison } from './benchmark.js';
import { fillTrail, timeOf } from './long-trail.js';
import { startInProduction, type ProductionService } from './production-service.js';

const FEW = 1000;
const PAGES_A_ROUND = 20;
const LIMIT = 50;

const benchmark: Benchmark = {
  question: 'Does a page of the audit trail cost the same however long the trail is?',

  async prepare({ quick }) {
    const many = quick ? 100_000 : 1_000_000;
    const root = mkdtempSync(join(tmpdir(), 'risoluto-bench-'));
    const trails: { rows: number; running: ProductionService }[] = [];
    for (const rows of [many, FEW]) {
      const dataDir = join(root, String(rows));
      await fillTrail(dataDir, rows);
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

export default benchmark;
