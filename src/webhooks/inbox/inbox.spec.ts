import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  openAuditedDatabase,
  type AuditedDatabase,
} from '../../../test/support/audited-database.js';
import { removeTemporaryDirectories } from '../../../test/support/temporary-database.js';
import { inboxOver, TestClock, type TestInbox } from '../../../test/support/webhook-inbox.js';
import { RETRIES_MS } from '../replay-rule.js';
import { DeliveryHandler, type DeliveryOutcome } from '../worker/delivery-handler.js';

const DAY_MS = 86_400_000;

class Ignoring extends DeliveryHandler {
  handle(): Promise<DeliveryOutcome> {
    return Promise.resolve({ status: 'ignored', reason: 'no_rule' });
  }
}

let db: AuditedDatabase;
let clock: TestClock;
let box: TestInbox;
beforeEach(async () => {
  // The ids of rows are made with the true time.
  clock = new TestClock(Date.now());
  db = await openAuditedDatabase({}, clock);
  box = inboxOver(db, clock, new Ignoring());
});
afterEach(async () => {
  await box.worker.onModuleDestroy();
  await db.close();
});
afterAll(removeTemporaryDirectories);

async function handleAll(): Promise<void> {
  box.worker.onApplicationBootstrap();
  while ((await box.deliveries.oldestPending()) !== null) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function received(): Promise<number> {
  return (await db.log.page({ action: 'webhook.received' }, 200)).items.length;
}

describe('the inbox', () => {
  it('keeps one of those that share a body or an id, in one moment or in many', async () => {
    const same = [
      { body: '{"a":1}', deliveryId: 'one' },
      { body: '{"a":1}', deliveryId: 'two' },
      { body: '{"a":2}', deliveryId: 'one' },
    ];
    const together = await Promise.all([...same, ...same].map((one) => box.store(one)));
    const [first] = together;
    expect(first?.duplicate).toBe(false);
    for (const one of together.slice(1)) expect(one).toEqual({ id: first!.id, duplicate: true });
    for (const one of same)
      expect(await box.store(one)).toEqual({ id: first!.id, duplicate: true });
    expect(await box.deliveries.list({}, 10)).toHaveLength(1);
    expect(await received()).toBe(1);
  });

  it('keeps the deliveries of two sources apart', async () => {
    const same = { body: '{}', deliveryId: 'one' };
    expect(await box.store({ ...same, source: 'linear' })).toMatchObject({ duplicate: false });
    expect(await box.store({ ...same, source: 'github' })).toMatchObject({ duplicate: false });
  });

  it('stores a crowd, each with its audit row', async () => {
    const crowd = Array.from({ length: 100 }, (_, n) => box.store({ issue: `MT-${n}` }));
    expect((await Promise.all(crowd)).every(({ duplicate }) => !duplicate)).toBe(true);
    expect(await received()).toBe(100);
    expect((await db.verifier.verify(true)).ok).toBe(true);
  });

  it('takes nothing of a clock that is ahead for newer than what comes a minute later', async () => {
    const { id } = await box.store({ occurredAt: clock.at + 400 * DAY_MS });
    expect((await box.deliveries.find(id!))?.occurredAt).toBe(clock.at + 60_000);
  });
});

describe('retention', () => {
  it('removes what was settled long ago, never what waits, and no sooner than a retry comes', async () => {
    expect(DAY_MS).toBeGreaterThan(2 * RETRIES_MS);
    const { id } = await box.store({});
    clock.at += 40 * DAY_MS;
    expect(await box.expire(30)).toBe(0);
    await handleAll();
    clock.at -= 40 * DAY_MS;
    expect(await box.expire(30)).toBe(0);
    clock.at += 40 * DAY_MS;
    expect(await box.expire(0)).toBe(0);
    expect(await box.deliveries.find(id!)).not.toBeNull();
    expect(await box.expire(30)).toBe(1);
    expect(await box.deliveries.find(id!)).toBeNull();
  });

  it('goes on knowing a body whose age no signature tells', async () => {
    const timeless = { source: 'github', body: '{"g":1}', signedAt: null, entityId: null };
    const timed = { source: 'linear', body: '{"l":1}', entityId: null };
    await Promise.all([box.store(timeless), box.store(timed)]);
    await handleAll();
    clock.at += 40 * DAY_MS;
    expect(await box.expire(30)).toBe(2);
    expect(await box.store(timeless)).toEqual({ id: null, duplicate: true });
    // The signed time of such a one is refused before it gets here.
    expect(await box.store(timed)).toMatchObject({ duplicate: false });
  });

  it('forgets the newest time of what nothing was heard of for as long', async () => {
    await box.store({ occurredAt: clock.at + 5 });
    await handleAll();
    const known = () => box.times.appliedAt(db.read.manager, 'linear', 'Issue:MT-1');
    expect(await known()).toBe(clock.at + 5);
    clock.at += 29 * DAY_MS;
    await box.expire(30);
    expect(await known()).not.toBeNull();
    clock.at += 2 * DAY_MS;
    await box.expire(30);
    expect(await known()).toBeNull();
  });
});
