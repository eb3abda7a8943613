import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { WriteBehind } from './write-behind.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'], now: 0 });
});
afterEach(() => vi.useRealTimers());

const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** A store that takes as long, or fails, as a test says. */
function openStore() {
  const store = {
    batches: [] as number[][],
    delayMs: 0,
    failing: false,
    troubles: 0,
    recoveries: 0,
    idle: 0,
  };
  const behind = new WriteBehind<number>({
    async write(items) {
      store.batches.push([...items]);
      if (store.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, store.delayMs));
      if (store.failing) throw new Error('full');
    },
    onTrouble: () => (store.troubles += 1),
    onRecovery: () => (store.recoveries += 1),
    onIdle: () => (store.idle += 1),
  });
  return { store, behind };
}

/** Whether a promise is over by now. */
function watched(promise: Promise<unknown>): { over: boolean } {
  const watch = { over: false };
  void promise.then(() => (watch.over = true));
  return watch;
}

describe('WriteBehind', () => {
  it('writes the first change at once, and later ones together after 100 ms', async () => {
    const { store, behind } = openStore();
    behind.changed(1);
    await later(1);
    expect(store.batches).toEqual([[1]]);
    for (const item of [2, 3, 2, 3, 2]) behind.changed(item);
    await later(90);
    expect(store.batches).toHaveLength(1);
    await later(10);
    expect(store.batches).toEqual([[1], [2, 3]]);
    expect([behind.idle, store.idle]).toEqual([true, 2]);
  });

  it('writes 256 at once, and as soon as there are as many', async () => {
    const { store, behind } = openStore();
    behind.changed(-1);
    await later(1);
    for (let item = 0; item < 600; item++) behind.changed(item);
    await later(5);
    expect(store.batches.map((batch) => batch.length)).toEqual([1, 256, 256]);
    await later(100);
    expect(store.batches.flat()).toEqual(Array.from({ length: 601 }, (_, index) => index - 1));
  });

  it('tells that an item is written as it was when that was asked, not sooner', async () => {
    const { store, behind } = openStore();
    store.delayMs = 50;
    behind.changed(1);
    const first = watched(behind.durable(1));
    await later(10);
    behind.changed(1);
    const second = watched(behind.durable(1));
    await later(45);
    expect([first.over, second.over]).toEqual([true, false]);
    await later(100);
    expect(second.over).toBe(true);
    expect(store.batches).toEqual([[1], [1]]);
    expect(watched(behind.durable(1))).toEqual({ over: false });
    await later(0);
  });

  it('tries again in the same order until it succeeds, and keeps who waits no longer than 2 s', async () => {
    const { store, behind } = openStore();
    store.failing = true;
    behind.changed(1);
    const early = watched(behind.durable(1));
    await later(1);
    behind.changed(2);
    behind.changed(1);
    await later(1800);
    const late = watched(behind.durable(2));
    expect(early.over).toBe(false);
    await later(300);
    expect([early.over, late.over]).toEqual([true, false]);
    store.failing = false;
    await later(2000);
    expect(late.over).toBe(true);
    expect(store.batches.at(-1)).toEqual([1, 2]);
    expect(behind.idle).toBe(true);
    expect([store.troubles, store.recoveries]).toEqual([1, 1]);
    // Less and less often: a store that is gone is not asked ten times a second.
    expect(store.batches.length).toBeLessThan(10);
  });

  it('still tells those who wait for an item that changed while it could not be written', async () => {
    const { store, behind } = openStore();
    store.delayMs = 20;
    store.failing = true;
    behind.changed(1);
    const first = watched(behind.durable(1));
    await later(10);
    behind.changed(1);
    const second = watched(behind.durable(1));
    await later(15);
    store.failing = false;
    await later(300);
    expect([first.over, second.over]).toEqual([true, true]);
  });

  it('does not hurry full batches into a store that fails', async () => {
    const { store, behind } = openStore();
    store.failing = true;
    for (let item = 0; item < 10_000; item++) {
      behind.changed(item);
      if (item % 100 === 0) await later(1);
    }
    expect(store.batches.length).toBeLessThan(4);
  });

  it('writes what is left when it is closed, and says what could not be', async () => {
    const { store, behind } = openStore();
    for (let item = 0; item < 300; item++) behind.changed(item);
    const closed = behind.close();
    await later(1);
    expect(await closed).toBe(0);
    expect(store.batches.flat()).toHaveLength(300);

    store.failing = true;
    behind.changed(7);
    const failed = behind.close();
    await later(2200);
    expect(await failed).toBe(1);
  });
});
