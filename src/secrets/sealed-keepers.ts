import type { Transaction } from '../persistence/transactions.js';

/** Tells what a rotation of the master key makes of a sealed text. */
export interface Resealer {
  /** The values of a run, sealed anew; `null` where neither key opens them. */
  forRun(runId: string, sealed: string): string | null;
  /** Whether a text of `KeyWitness` was made with the key that stays. */
  isOfNewKey(made: string): boolean;
}

/** A module that keeps what is sealed under the master key outside the stores of secrets. */
export interface SealedKeeper {
  /**
   * Inside the transaction of the rotation, which may be tried again: nothing but SQL.
   * @returns how many texts were sealed anew
   */
  reseal(tx: Transaction, resealer: Resealer): Promise<number>;
}

/** Where those modules hand themselves in at start-up. */
export class SealedKeepers {
  readonly #keepers: SealedKeeper[] = [];

  register(keeper: SealedKeeper): void {
    this.#keepers.push(keeper);
  }

  list(): readonly SealedKeeper[] {
    return this.#keepers;
  }
}
