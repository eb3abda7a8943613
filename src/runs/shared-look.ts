import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * One look at a thing for all who ask for it in the same turn of the event loop: a thousand who wait
 * for one run are woken together. The look begins after each of them has asked, so nobody is given
 * what was true before.
 */
export class SharedLook<T> {
  readonly #next = new Map<string, Promise<T>>();

  constructor(private readonly look: (key: string) => Promise<T>) {}

  at(key: string): Promise<T> {
    const shared = this.#next.get(key) ?? this.#begin(key);
    this.#next.set(key, shared);
    return shared;
  }

  async #begin(key: string): Promise<T> {
    await nextTurn();
    this.#next.delete(key);
    return this.look(key);
  }
}
