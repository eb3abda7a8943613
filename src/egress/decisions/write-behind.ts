import { Durability } from './durability.js';

export interface WriteBehindOptions<T> {
  /** Writes them all, or throws. After a failure the same come first again. */
  readonly write: (items: readonly T[]) => Promise<void>;
  /** The first failure since a success. */
  readonly onTrouble: (error: unknown, waiting: number) => void;
  /** The first success since a failure. */
  readonly onRecovery: () => void;
  /** After a write that left nothing to do. */
  readonly onIdle: () => void;
}

/** One write at most begins in this time, but for those that are full. */
const EVERY_MS = 100;
const MOST_AT_ONCE = 256;
const LONGEST_PAUSE_MS = 2000;
const PATIENCE_MS = 2000;
const CLOSING_MS = 2000;

/**
 * Items that changed and are to be written, in the order of their first change. An item that changes
 * again before it is written is written once; what cannot be written is tried again until it is.
 */
export class WriteBehind<T> {
  #waiting = new Map<T, Durability | null>();
  #underWay = new Map<T, Durability | null>();
  #running: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** The timer was set because there is a full batch. */
  #hurried = false;
  #began = -Infinity;
  #failures = 0;

  constructor(private readonly options: WriteBehindOptions<T>) {}

  /** Nothing waits and nothing is being written. */
  get idle(): boolean {
    return this.#waiting.size === 0 && this.#underWay.size === 0;
  }

  changed(item: T): void {
    if (!this.#waiting.has(item)) this.#waiting.set(item, null);
    this.#schedule();
  }

  /** Resolves when the item, as it is now, is written, or after two seconds. */
  durable(item: T): Promise<void> {
    const among = this.#waiting.has(item) ? this.#waiting : this.#underWay;
    const known = among.get(item);
    if (known === undefined) return Promise.resolve();
    if (known !== null && !known.over) return known.promise;
    const durability = new Durability(PATIENCE_MS);
    among.set(item, durability);
    return durability.promise;
  }

  unwritten(): T[] {
    return [...new Set([...this.#underWay.keys(), ...this.#waiting.keys()])];
  }

  /** Writes what is left, for two seconds at most. Answers how many items could not be written. */
  async close(): Promise<number> {
    const deadline = performance.now() + CLOSING_MS;
    while (!this.idle && performance.now() < deadline) {
      await (this.#running ?? this.#start());
      if (this.#failures > 0) await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
    return this.unwritten().length;
  }

  #schedule(): void {
    if (this.#running !== null || this.#waiting.size === 0) return;
    const full = this.#waiting.size >= MOST_AT_ONCE && this.#failures === 0;
    if (this.#timer !== null && (!full || this.#hurried)) return;
    const pause = Math.min(EVERY_MS * 2 ** this.#failures, LONGEST_PAUSE_MS);
    const wait = full ? 0 : Math.max(0, this.#began + pause - performance.now());
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#hurried = full;
    this.#timer = setTimeout(() => void this.#start(), wait);
    this.#timer.unref();
  }

  #start(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#began = performance.now();
    this.#running ??= this.#writeSome().finally(() => {
      this.#running = null;
      this.#schedule();
    });
    return this.#running;
  }

  async #writeSome(): Promise<void> {
    const batch = this.#take();
    this.#underWay = batch;
    try {
      await this.options.write([...batch.keys()]);
    } catch (error) {
      this.#putBack(batch);
      this.#failures += 1;
      if (this.#failures === 1) this.options.onTrouble(error, this.#waiting.size);
      return;
    }
    this.#underWay = new Map();
    for (const durability of batch.values()) durability?.end();
    if (this.#failures > 0) this.options.onRecovery();
    this.#failures = 0;
    if (this.idle) this.options.onIdle();
  }

  #take(): Map<T, Durability | null> {
    const batch = new Map<T, Durability | null>();
    for (const [item, durability] of this.#waiting) {
      if (batch.size === MOST_AT_ONCE) break;
      batch.set(item, durability);
    }
    for (const item of batch.keys()) this.#waiting.delete(item);
    return batch;
  }

  /** In front, so that the order stays; who waited for an item still does. */
  #putBack(batch: ReadonlyMap<T, Durability | null>): void {
    const later = this.#waiting;
    this.#waiting = new Map(batch);
    this.#underWay = new Map();
    for (const [item, durability] of later) {
      const before = this.#waiting.get(item);
      if (before && durability) void durability.promise.then(() => before.end());
      this.#waiting.set(item, durability ?? before ?? null);
    }
  }
}
