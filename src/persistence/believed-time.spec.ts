import { afterAll, afterEach, describe, expect, it } from 'vitest';

import { openAuditedDatabase } from '../../test/support/audited-database.js';
import { removeTemporaryDirectories } from '../../test/support/temporary-database.js';
import { Clock } from '../kernel/clock.js';
import { BelievedTime } from './believed-time.js';
import { RetentionClock } from './retention-clock.repository.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START = Date.UTC(2026, 0, 1);

class MovableClock extends Clock {
  wall = START;
  count = 5000;
  now = () => this.wall;
  monotonicMs = () => this.count;
  pass(ms: number): void {
    this.wall += ms;
    this.count += ms;
  }
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
afterAll(removeTemporaryDirectories);

/** The clock of a machine, and lives of a service on it. */
async function machine() {
  const db = await openAuditedDatabase();
  closers.push(() => db.close());
  const clock = new MovableClock();
  const kept = new RetentionClock(db.read, db.transactions);
  return { clock, life: () => new BelievedTime(kept, clock) };
}

describe('the time that retention goes by', () => {
  it('is the clock’s while it goes on as time does, and where it was set back', async () => {
    const { clock, life } = await machine();
    const time = life();
    for (const ms of [0, HOUR_MS, 23 * HOUR_MS, -400 * DAY_MS, HOUR_MS]) {
      clock.pass(ms);
      expect(await time.now()).toBe(clock.wall);
    }
  });

  it('is none while the clock has jumped a year, in this life and in others', async () => {
    const { clock, life } = await machine();
    const time = life();
    await time.now();
    clock.wall += 365 * DAY_MS;
    for (let hour = 0; hour < 24; hour += 1) {
      expect(await time.now()).toBeNull();
      clock.pass(HOUR_MS - 1);
    }
    expect(await life().now()).toBeNull();
    clock.wall -= 365 * DAY_MS;
    expect(await time.now()).toBe(clock.wall);
  });

  it('is the clock’s again when lives that make a day together have seen it ahead', async () => {
    const { clock, life } = await machine();
    await life().now();
    clock.wall += 10 * DAY_MS;
    for (const hours of [9, 9]) {
      const time = life();
      for (let hour = 0; hour < hours; hour += 1) {
        expect(await time.now()).toBeNull();
        clock.pass(HOUR_MS);
      }
      expect(await time.now()).toBeNull();
      // A restart, and a count that begins anew.
      clock.wall += 2 * HOUR_MS;
      clock.count = 0;
    }
    const time = life();
    expect(await time.now()).toBeNull();
    clock.pass(6 * HOUR_MS - 1);
    expect(await time.now()).toBeNull();
    clock.pass(1);
    expect(await time.now()).toBe(clock.wall);
    expect(await life().now()).toBe(clock.wall);
  });

  it.each([2 * DAY_MS, -2 * HOUR_MS])(
    'begins the day anew when the clock is %i ms elsewhere after a restart',
    async (ms) => {
      const { clock, life } = await machine();
      await life().now();
      clock.wall += 10 * DAY_MS;
      const before = life();
      await before.now();
      clock.pass(DAY_MS - 1);
      expect(await before.now()).toBeNull();
      clock.wall += ms;
      const time = life();
      expect(await time.now()).toBeNull();
      clock.pass(DAY_MS - 1);
      expect(await time.now()).toBeNull();
      clock.pass(1);
      expect(await time.now()).toBe(clock.wall);
    },
  );

  it('is the clock’s again when it has stayed ahead for a day of one life', async () => {
    const { clock, life } = await machine();
    await life().now();
    clock.wall += 10 * DAY_MS;
    const time = life();
    expect(await time.now()).toBeNull();
    clock.pass(DAY_MS);
    expect(await time.now()).toBe(clock.wall);
    expect(await life().now()).toBe(clock.wall);
  });

  it('begins the day anew when the clock jumps again meanwhile', async () => {
    const { clock, life } = await machine();
    const time = life();
    await time.now();
    clock.wall += 365 * DAY_MS;
    expect(await time.now()).toBeNull();
    clock.pass(DAY_MS - HOUR_MS);
    clock.wall += 365 * DAY_MS;
    expect(await time.now()).toBeNull();
    clock.pass(HOUR_MS);
    expect(await time.now()).toBeNull();
    clock.pass(DAY_MS);
    expect(await time.now()).toBe(clock.wall);
  });
});
