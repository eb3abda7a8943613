import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

import { afterAll, describe, expect, it } from 'vitest';

import {
  openTemporaryDatabase,
  removeTemporaryDirectories,
} from '../../test/support/temporary-database.js';
import { SYSTEM_ORIGIN } from '../kernel/origin.js';
import { StorageTimings } from '../kernel/storage-timings.js';
import { Metrics } from './metrics.js';
import { StorageMetrics } from './storage-metrics.js';

afterAll(removeTemporaryDirectories);

async function value(metrics: Metrics, sample: string): Promise<number> {
  const text = await metrics.registry.metrics();
  const line = text.split('\n').find((one) => one.startsWith(`risoluto_${sample} `));
  return Number(line?.split(' ').at(-1));
}

describe('the metrics of the storage', () => {
  it('move with groups, waits, rollbacks and reads', async () => {
    const metrics = new Metrics();
    const timings = new StorageTimings();
    new StorageMetrics(metrics, timings).onModuleInit();
    const db = await openTemporaryDatabase({ timings });
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const slow = db.transactions.run(SYSTEM_ORIGIN, () => pause(100));
    await pause(20);
    const rest = [1, 2, 3].map(() => db.transactions.run(SYSTEM_ORIGIN, () => Promise.resolve()));
    await Promise.all([slow, ...rest]);
    expect(await value(metrics, 'storage_write_wait_seconds_count')).toBe(4);
    expect(await value(metrics, 'storage_write_wait_seconds_sum')).toBeGreaterThan(0.15);
    expect(await value(metrics, 'storage_write_group_works_bucket{le="1"}')).toBe(1);
    expect(await value(metrics, 'storage_write_group_works_sum')).toBe(4);
    const committed = 'storage_transaction_seconds_sum{outcome="commit"}';
    expect(await value(metrics, committed)).toBeGreaterThan(0.09);

    const wrong = db.transactions.run(SYSTEM_ORIGIN, async (tx) => {
      await tx.manager.query('CREATE TABLE lost (id text)');
      throw new Error('mine');
    });
    await expect(wrong).rejects.toThrow('mine');
    const rolledBack = 'storage_transaction_seconds_count{outcome="rollback"}';
    expect(await value(metrics, rolledBack)).toBe(1);

    const before = await value(metrics, 'storage_read_seconds_count');
    const reads = [1, 2].map(() => db.read.manager.query('SELECT 1'));
    expect(await value(metrics, 'storage_reads_in_flight')).toBeGreaterThanOrEqual(0);
    await Promise.all(reads);
    await expect(db.read.manager.query('SELECT nonsense')).rejects.toThrow();
    expect(await value(metrics, 'storage_read_seconds_count')).toBe(before + 3);
    expect(await value(metrics, 'storage_reads_in_flight')).toBe(0);
    await db.close();
  }, 30_000);

  it('show that the thread pool is full', async () => {
    const metrics = new Metrics();
    const idle = await value(metrics, 'thread_pool_wait_seconds');
    expect(idle).toBeGreaterThan(0);
    const derive = promisify(pbkdf2);
    const work = Array.from({ length: 16 }, () => derive('x', 'y', 100_000, 32, 'sha256'));
    const began = performance.now();
    const busy = await value(metrics, 'thread_pool_wait_seconds');
    await Promise.all(work);
    const allSeconds = (performance.now() - began) / 1000;
    // It stood behind all sixteen, of which four run at a time.
    expect(busy).toBeGreaterThan(allSeconds / 3);
  }, 60_000);

  it('show how late the event loop was', async () => {
    const metrics = new Metrics();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const until = performance.now() + 200;
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await value(metrics, 'nodejs_eventloop_lag_max_seconds')).toBeGreaterThan(0.15);
  });
});
