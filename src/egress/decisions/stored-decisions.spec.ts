import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, describe, expect, it } from 'vitest';

import {
  openTemporaryDatabase,
  removeTemporaryDirectories,
  type TemporaryDatabase,
} from '../../../test/support/temporary-database.js';
import { SystemClock } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/domain-error.js';
import { newId } from '../../kernel/ids.js';
import type { Origin } from '../../kernel/origin.js';
import { Metrics } from '../../metrics/metrics.js';
import { Transactions, type Transaction } from '../../persistence/transactions.js';
import { DecisionFeed } from './decision-feed.js';
import { DecisionMetrics } from './decision-metrics.js';
import type { Decision } from './decision.js';
import { EgressDecisions } from './egress-decision.repository.js';
import type { StoredDecision } from './stored-decision.js';
import { StoredDecisions } from './stored-decisions.js';

/** The real ones, in front of which a test puts what goes wrong. */
class TroubledTransactions extends Transactions {
  trouble: () => Promise<void> = () => Promise.resolve();
  runs = 0;

  constructor(private readonly real: Transactions) {
    super();
  }

  async run<T>(origin: Origin, work: (tx: Transaction) => Promise<T>): Promise<T> {
    this.runs += 1;
    await this.trouble();
    return this.real.run(origin, work);
  }

  hasten(): void {
    this.real.hasten();
  }
}

class MovableClock extends SystemClock {
  passed = 0;
  override monotonicMs(): number {
    return this.passed;
  }
}

const opened: TemporaryDatabase[] = [];
afterEach(async () => {
  for (const db of opened.splice(0)) await db.close();
});
afterAll(removeTemporaryDirectories);

async function open(root?: string) {
  const db = await openTemporaryDatabase(root === undefined ? {} : { root });
  opened.push(db);
  const transactions = new TroubledTransactions(db.transactions);
  const repository = new EgressDecisions(db.read);
  const feed = new DecisionFeed();
  const metrics = new Metrics();
  const clock = new MovableClock();
  const recorder = new StoredDecisions(
    transactions,
    repository,
    feed,
    new DecisionMetrics(metrics),
    clock,
  );
  const rows = (runId: string) => repository.range(runId, { after: 0, limit: 100_000 }, {});
  return { db, transactions, repository, feed, metrics, clock, recorder, rows };
}

const decision = (runId: string, over: Partial<Decision> = {}): Decision => ({
  runId,
  turn: 1,
  at: 1_795_000_000_000,
  host: 'api.test',
  port: 443,
  allowed: true,
  rule: 'api.test',
  reason: null,
  ...over,
});
const denial = (runId: string, over: Partial<Decision> = {}) =>
  decision(runId, { allowed: false, rule: null, reason: 'not_listed', ...over });
const total = (rows: readonly StoredDecision[]) => rows.reduce((sum, { count }) => sum + count, 0);

describe('StoredDecisions', () => {
  it('has a denial committed when it says so, and an allowed connection while it goes on and after', async () => {
    const { recorder, rows, clock } = await open();
    const runId = newId();
    const connection = recorder.allowed(decision(runId));
    await recorder.denied(denial(runId, { host: 'evil.test', port: 8443 }));
    const [going, denied] = await rows(runId);
    expect(going).toMatchObject({ seq: 1, allowed: true, rule: 'api.test', durationMs: null });
    expect(denied).toEqual({
      ...denial(runId, { host: 'evil.test', port: 8443 }),
      id: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/),
      seq: 2,
      ...{ route: null, method: null, path: null, status: null },
      bytesUp: 0,
      bytesDown: 0,
      durationMs: 0,
      count: 1,
    });
    clock.passed = 1234.4;
    connection.close({ bytesUp: 10, bytesDown: 2 ** 40, reason: 'no_longer_listed' });
    connection.close({ bytesUp: 99, bytesDown: 99 });
    await recorder.settled(runId);
    expect((await rows(runId))[0]).toMatchObject({
      ...{ bytesUp: 10, bytesDown: 2 ** 40, durationMs: 1234, count: 1 },
      reason: 'no_longer_listed',
    });
  });

  it('keeps what was asked of a credential route and how it was answered, of each denial too', async () => {
    const { recorder, rows } = await open();
    const runId = newId();
    const asked = { route: 'model', method: 'POST', path: '/v1/responses' };
    const request = recorder.allowed(decision(runId, asked));
    expect(await rows(runId)).toEqual([]);
    request.close({ bytesUp: 1, bytesDown: 2, status: 201 });
    const refused = { ...asked, status: 403 };
    await recorder.denied(denial(runId, { ...refused, path: '/v1/files' }));
    await recorder.denied(denial(runId, { ...refused, path: '/v1/models' }));
    await recorder.denied(denial(runId, { ...refused, path: '/v1/models' }));
    expect(await rows(runId)).toMatchObject([
      { ...asked, allowed: true, status: 201, bytesUp: 1, bytesDown: 2 },
      { ...refused, allowed: false, path: '/v1/files', count: 1 },
      { ...refused, allowed: false, path: '/v1/models', count: 2 },
    ]);
  });

  it('goes on in the numbers and rows of a run after the process was killed', async () => {
    const runId = newId();
    const before = await open();
    before.recorder.allowed(decision(runId));
    await before.recorder.denied(denial(runId));
    await before.recorder.denied(denial(runId));
    await before.db.close();

    const after = await open(before.db.directory.root);
    await Promise.all([
      after.recorder.denied(denial(runId)),
      after.recorder.denied(denial(runId, { turn: 2 })),
      after.recorder.denied(denial(newId())),
    ]);
    const rows = await after.rows(runId);
    expect(rows.map(({ seq, turn, count }) => [seq, turn, count])).toEqual([
      [1, 1, 1],
      [2, 1, 3],
      [3, 2, 1],
    ]);
    expect(rows[0]?.durationMs).toBe(null);
  });

  it('reads a run again that it had forgotten, without counting anything twice', async () => {
    const { recorder, rows, clock } = await open();
    const runId = newId();
    for (let round = 1; round <= 3; round++) {
      await recorder.denied(denial(runId));
      clock.passed += 700_000;
      await recorder.denied(denial(newId()));
    }
    await recorder.settled(runId);
    await recorder.denied(denial(runId));
    expect(await rows(runId)).toMatchObject([{ seq: 1, count: 4 }]);
  });

  it('lets nobody wait for more than two seconds, keeps what cannot be stored, and stores it later', async () => {
    const { recorder, rows, transactions } = await open();
    const runId = newId();
    const codes = ['storage_busy', 'storage_unavailable'] as const;
    transactions.trouble = () =>
      Promise.reject(new DomainError(codes[transactions.runs % 2]!, 'not now'));
    const before = performance.now();
    const connections = Array.from({ length: 50 }, () => recorder.allowed(decision(runId)));
    expect(performance.now() - before).toBeLessThan(200);
    const denials = Array.from({ length: 500 }, (_, n) =>
      recorder.denied(denial(runId, { host: `${n % 300}.test` })),
    );
    for (const connection of connections) connection.close({ bytesUp: 1, bytesDown: 2 });
    await Promise.all(denials);
    const waited = performance.now() - before;
    expect(waited).toBeGreaterThan(1900);
    expect(waited).toBeLessThan(2600);
    expect(await rows(runId)).toEqual([]);
    transactions.trouble = () => Promise.resolve();
    await recorder.settled(runId);
    const stored = await rows(runId);
    expect(stored).toHaveLength(350);
    expect(total(stored)).toBe(550);
    expect(stored.map(({ seq }) => seq)).toEqual(stored.map((_row, index) => index + 1));
    expect(stored.filter((row) => row.allowed && row.bytesDown === 2)).toHaveLength(50);
  });

  it('waits for a slow database where a denial does, and nowhere else', async () => {
    const { recorder, transactions, rows } = await open();
    const runId = newId();
    transactions.trouble = () => sleep(300);
    const before = performance.now();
    recorder.allowed(decision(runId)).close({ bytesUp: 1, bytesDown: 1 });
    expect(performance.now() - before).toBeLessThan(50);
    await recorder.denied(denial(runId));
    expect(performance.now() - before).toBeGreaterThan(290);
    expect(await rows(runId)).toHaveLength(2);
  });

  it('stores what is left when the service stops', async () => {
    const { recorder, rows } = await open();
    const runId = newId();
    for (let n = 0; n < 700; n++) recorder.allowed(decision(runId, { port: n + 1 }));
    await recorder.close();
    expect(await rows(runId)).toHaveLength(700);
  });

  it('tells who listens which rows of a run are new or changed, once they are committed', async () => {
    const { recorder, feed, rows } = await open();
    const runId = newId();
    const told: [number, number][] = [];
    const committed: Promise<number>[] = [];
    feed.subscribe(runId, (seq) => {
      told.push([seq, told.length]);
      committed.push(rows(runId).then((all) => all.length));
    });
    await recorder.denied(denial(newId()));
    await recorder.denied(denial(runId));
    await recorder.denied(denial(runId));
    await recorder.denied(denial(runId, { host: 'other.test' }));
    expect(told.map(([seq]) => seq)).toEqual([1, 1, 2]);
    expect((await Promise.all(committed)).at(0)).toBeGreaterThan(0);
  });

  it('counts decisions, cuts, bytes and what goes on in the metrics', async () => {
    const { recorder, metrics } = await open();
    const runId = newId();
    const first = recorder.allowed(decision(runId));
    recorder.allowed(decision(runId, { reason: 'observed' }));
    first.close({ bytesUp: 5, bytesDown: 7, reason: 'byte_limit' });
    await recorder.denied(denial(runId));
    const text = await metrics.registry.metrics();
    for (const line of [
      'decisions_total{outcome="allowed",reason="none"} 1',
      'decisions_total{outcome="allowed",reason="observed"} 1',
      'decisions_total{outcome="cut",reason="byte_limit"} 1',
      'decisions_total{outcome="denied",reason="not_listed"} 1',
      'bytes_total{direction="up"} 5',
      'bytes_total{direction="down"} 7',
      'connections 1',
    ]) {
      expect(text).toContain(`risoluto_egress_${line}`);
    }
  });
});

describe('a flood', () => {
  it('of 100,000 denials of some hosts is some rows with their counts, and none is lost', async () => {
    const { recorder, rows, transactions } = await open();
    const runId = newId();
    await flood(100_000, (n) => recorder.denied(denial(runId, { host: `${n % 7}.test` })));
    const stored = await rows(runId);
    expect(stored).toHaveLength(7);
    expect(total(stored)).toBe(100_000);
    expect(transactions.runs).toBeLessThan(100);
  });

  it('of 100,000 denials of as many hosts is 1,000 rows and one a turn, and none is lost', async () => {
    const { recorder, rows } = await open();
    const runId = newId();
    global.gc?.();
    const before = process.memoryUsage().heapUsed;
    await flood(100_000, (n) =>
      recorder.denied(denial(runId, { host: `${n}.${'x'.repeat(60)}.test`, turn: 1 + (n % 2) })),
    );
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
    const stored = await rows(runId);
    expect(stored).toHaveLength(1002);
    expect(total(stored)).toBe(100_000);
    expect(stored.filter(({ host }) => host === '*')).toMatchObject([
      { port: 0, allowed: false, reason: null },
      { port: 0, allowed: false, reason: null },
    ]);
  });

  it('of allowed connections is 10,000 rows, 1,000 that gather, and one a turn, with all bytes', async () => {
    const { recorder, rows } = await open();
    const runId = newId();
    const half = 10_000;
    await flood(half, (n) => connect(n));
    await flood(half, (n) => connect(half + n));
    await recorder.settled(runId);
    await recorder.close();
    const stored = await rows(runId);
    expect(stored).toHaveLength(10_000 + 1000 + 1);
    expect(total(stored)).toBe(2 * half);
    expect(stored.reduce((sum, { bytesUp }) => sum + bytesUp, 0)).toBe(2 * half);
    expect(stored.every(({ durationMs }) => durationMs !== null)).toBe(true);
    expect(stored.at(-1)).toMatchObject({ host: '*', allowed: true, rule: null });

    function connect(n: number): Promise<void> {
      const host = `${n}.test`;
      recorder.allowed(decision(runId, { host })).close({ bytesUp: 1, bytesDown: 1 });
      return Promise.resolve();
    }
  });

  /** As the gateway meets it: over a while, with many that wait at a time. */
  async function flood(count: number, one: (n: number) => Promise<void>): Promise<void> {
    const AT_ONCE = 5000;
    for (let begin = 0; begin < count; begin += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => one(begin + n)));
    }
  }
});
