import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import {
  openAuditedDatabase,
  type AuditedDatabase,
} from '../../../test/support/audited-database.js';
import { randomFrom } from '../../../test/support/dice.js';
import { SEED, sized } from '../../../test/support/long-form.js';
import { removeTemporaryDirectories } from '../../../test/support/temporary-database.js';
import { inboxOver, TestClock, type TestInbox } from '../../../test/support/webhook-inbox.js';
import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import { MOST_ATTEMPTS } from '../inbox/new-delivery.js';
import {
  DeliveryHandler,
  DeliveryRejected,
  type HandedDelivery,
  type Settle,
} from './delivery-handler.js';

const NOW = Date.UTC(2026, 10, 26);

const issueIn = (state: string) =>
  JSON.stringify({ type: 'Issue', data: { identifier: 'MT-1', state: { name: state } } });

/** Leaves one audit row for each effect, in the transaction that settles the delivery. */
class EffectHandler extends DeliveryHandler {
  /** Ids, in the order in which they were begun. */
  readonly begun: string[] = [];
  readonly handed: HandedDelivery[] = [];
  before: (delivery: HandedDelivery) => Promise<void> | void = () => undefined;
  after: (delivery: HandedDelivery) => Promise<void> | void = () => undefined;

  constructor(private readonly db: () => AuditedDatabase) {
    super();
  }

  async handle(delivery: HandedDelivery, settle: Settle): Promise<null> {
    this.begun.push(delivery.id);
    this.handed.push(delivery);
    await this.before(delivery);
    await this.db().transactions.run(SYSTEM_ORIGIN, async (tx) => {
      tx.audit({ action: 'effect.made', target: delivery.id });
      await settle(tx, { status: 'handled', rule: 'all' });
    });
    await this.after(delivery);
    return null;
  }
}

let db: AuditedDatabase;
let clock: TestClock;
let handler: EffectHandler;
let box: TestInbox;
beforeEach(async () => {
  clock = new TestClock(NOW);
  db = await openAuditedDatabase({}, clock);
  handler = new EffectHandler(() => db);
  box = inboxOver(db, clock, handler);
});
afterEach(async () => {
  await box.worker.onModuleDestroy();
  await db.close();
});
beforeAll(() => Logger.overrideLogger(false));
afterAll(removeTemporaryDirectories);

const work = () => box.worker.onApplicationBootstrap();
const all = () => box.deliveries.list({}, 100_000);

async function effects(): Promise<string[]> {
  const rows = await db.read.manager.query(
    "SELECT target FROM audit_rows WHERE action = 'effect.made' ORDER BY seq",
  );
  return (rows as { target: string }[]).map(({ target }) => target);
}

function settledAll(): Promise<void> {
  const look = async () => expect(await box.deliveries.oldestPending()).toBeNull();
  return vi.waitFor(look, { timeout: sized(20_000, 300_000), interval: 10 });
}

describe('the worker', () => {
  it('takes those of an issue one at a time, in the order of their own times', async () => {
    let inFlight = 0;
    handler.before = async () => {
      expect((inFlight += 1)).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
    };
    handler.after = () => void (inFlight -= 1);
    const times = [5, 1, 4, 2, 3];
    const stored = await Promise.all(
      times.map((n) => box.store({ entityId: `e${n}`, occurredAt: NOW + n })),
    );
    work();
    await settledAll();
    const byTime = times
      .map((n, index) => ({ n, id: stored[index]!.id }))
      .sort((one, other) => one.n - other.n);
    expect(handler.begun).toEqual(byTime.map(({ id }) => id));
    expect(await effects()).toEqual(handler.begun);
  });

  it('works on several issues at once', async () => {
    let together = 0;
    const gate = new Promise<void>((resolve) => {
      handler.before = () => {
        together += 1;
        if (together === 4) resolve();
        return gate;
      };
    });
    for (const issue of ['A-1', 'A-2', 'A-3', 'A-4']) await box.store({ issue });
    work();
    await settledAll();
    expect(together).toBe(4);
  });

  it('says of what something newer has overtaken what that was', async () => {
    work();
    const newer = await box.store({ occurredAt: NOW + 10, body: issueIn('Done') });
    await settledAll();
    const older = await box.store({ occurredAt: NOW + 9 });
    const equal = await box.store({ occurredAt: NOW + 10, body: `${issueIn('Done')} ` });
    const other = await box.store({ occurredAt: NOW + 1, entityId: 'another' });
    await settledAll();
    const stored = [newer, older, equal, other].map(({ id }) => id);
    expect((await effects()).toSorted()).toEqual(stored.toSorted());
    const told = new Map(handler.handed.map(({ id, newer: of }) => [id, of]));
    expect(told.get(older.id!)).toMatchObject({ issue: { state: { name: 'Done' } } });
    for (const { id } of [newer, equal, other]) expect(told.get(id!)).toBeNull();
  });

  it('says that something newer was, where that is not kept any more', async () => {
    const { transactions } = db;
    await transactions.run(SYSTEM_ORIGIN, (tx) =>
      box.times.apply(
        tx.manager,
        [{ source: 'linear', entity: 'Issue:MT-1', occurredAt: NOW + 1 }],
        NOW,
      ),
    );
    await box.store({});
    work();
    await settledAll();
    expect(handler.handed.map(({ newer }) => newer)).toEqual(['gone']);
  });

  it('tries again later and later, holds back what comes behind, and gives up with the reason', async () => {
    handler.before = ({ id }) => {
      if (id === first.id) throw new Error('no luck');
    };
    const first = await box.store({});
    const second = await box.store({ occurredAt: NOW + 1 });
    work();
    const pauses: number[] = [];
    for (let attempt = 1; attempt < MOST_ATTEMPTS; attempt += 1) {
      await vi.waitFor(async () => {
        const row = await box.deliveries.find(first.id!);
        expect(row).toMatchObject({
          status: 'pending',
          attempts: attempt,
          reason: 'internal_error',
        });
        expect(row!.nextAttemptAt).toBeGreaterThan(clock.at);
        pauses.push(row!.nextAttemptAt - clock.at);
      });
      expect((await box.deliveries.find(second.id!))?.attempts).toBe(0);
      const late = await box.store({ occurredAt: NOW + 2 + attempt });
      await vi.waitFor(async () => {
        const held = await box.deliveries.find(late.id!);
        expect(held?.nextAttemptAt).toBeGreaterThan(clock.at);
      });
      clock.at += pauses.at(-1)!;
      box.worker.poke();
    }
    await settledAll();
    expect(await box.deliveries.find(first.id!)).toMatchObject({
      ...{ status: 'failed', attempts: MOST_ATTEMPTS, reason: 'internal_error' },
    });
    expect(await effects()).toHaveLength(MOST_ATTEMPTS);
    for (const [index, pause] of pauses.entries()) {
      expect(pause).toBeLessThanOrEqual(1000 * 2 ** index);
      expect(pause).toBeGreaterThanOrEqual(500 * 2 ** index);
    }
    const dead = await db.log.page({ action: 'webhook.failed' }, 10);
    expect(dead.items).toHaveLength(1);
  });

  it('gives up at once what its handler rejects, and an operator may have it tried again', async () => {
    let broken = true;
    handler.before = () => {
      if (broken) throw new DeliveryRejected('image_unknown', 'There is no such image');
    };
    const { id } = await box.store({});
    work();
    await settledAll();
    const row = await box.deliveries.find(id!);
    expect(row).toMatchObject({ status: 'failed', attempts: 1, message: 'There is no such image' });
    broken = false;
    await box.service.replay(SYSTEM_ORIGIN, id!);
    await settledAll();
    expect(await box.deliveries.find(id!)).toMatchObject({
      ...{ status: 'handled', attempts: 2, rule: 'all', reason: null, message: null },
    });
    await expect(box.service.replay(SYSTEM_ORIGIN, 'none')).rejects.toMatchObject({
      code: 'delivery_not_found',
    });
  });

  it('refuses to replay what waits', async () => {
    const { id } = await box.store({});
    await expect(box.service.replay(SYSTEM_ORIGIN, id!)).rejects.toMatchObject({
      code: 'delivery_pending',
    });
  });

  it('does not try for ever what kills the service', async () => {
    const { id } = await box.store({});
    // Each life claims it and comes to no end.
    for (let life = 0; life < MOST_ATTEMPTS; life += 1) {
      expect(await box.settling.claim(id!)).toBe('claimed');
    }
    work();
    await settledAll();
    expect(handler.begun).toEqual([]);
    expect(await box.deliveries.find(id!)).toMatchObject({
      ...{ status: 'failed', reason: 'attempts_used_up', attempts: MOST_ATTEMPTS },
    });
  });

  it('is not held up by a clock that was set back', async () => {
    handler.before = ({ attempt }) => {
      if (attempt === 1) throw new Error('no luck');
    };
    const { id } = await box.store({});
    work();
    await vi.waitFor(async () => expect((await box.deliveries.find(id!))?.reason).not.toBeNull());
    clock.at -= 86_400_000;
    box.worker.poke();
    await settledAll();
    expect(await effects()).toEqual([id]);
  });
});

describe('after a crash at any moment', () => {
  /** Between any two of its transactions the worker gets no further; another one begins anew. */
  async function crash(): Promise<void> {
    await db.transactions.close();
    await box.worker.onModuleDestroy();
    db = await db.reopened();
    box = inboxOver(db, clock, handler);
    work();
  }

  it('each delivery has one effect, and none is lost', { timeout: 600_000 }, async () => {
    const count = sized(300, 10_000);
    const random = randomFrom(SEED);
    console.log(`seed ${SEED}, ${count} deliveries`);
    const issues = Array.from({ length: Math.ceil(count / 10) }, (_, n) => `MT-${n}`);
    const sent = Array.from({ length: count }, (_, n) => ({
      issue: issues[Math.floor(random() * issues.length)]!,
      entityId: `e${n}`,
      occurredAt: NOW + Math.floor(random() * 1000),
      body: JSON.stringify({ n }),
    }));
    const crashAt = new Set([0.2, 0.5, 0.8].map((part) => Math.floor(count * part)));
    handler.after = () => {
      if (random() < 0.05) throw new Error('killed after its effect');
    };
    work();
    for (let begin = 0; begin < count; begin += 50) {
      const part = sent.slice(begin, begin + 50);
      // Twice each, under two ids.
      await Promise.all([...part, ...part].map((one) => box.store(one)));
      if ([...crashAt].some((at) => at >= begin && at < begin + 50)) await crash();
    }
    await settledAll();
    const rows = await all();
    expect(rows).toHaveLength(count);
    expect(rows.filter(({ status }) => status !== 'handled')).toEqual([]);
    const made = await effects();
    expect(made.toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
    expect((await db.verifier.verify(true)).ok).toBe(true);
  });
});
