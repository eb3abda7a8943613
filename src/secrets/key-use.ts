import { Injectable, Logger } from '@nestjs/common';

import { SYSTEM_ORIGIN } from '../kernel/origin.js';
import { Transactions } from '../persistence/transactions.js';
import { KeyChecksRepository } from './key-checks.repository.js';

/** Counted ahead in the database at once; more than can be sealed while that is written. */
const AHEAD = 4096;

/**
 * How many texts the master key in use has encrypted: a random IV is good for 2^32 of them (NIST SP
 * 800-38D, 8.3). The database holds a number that is counted ahead, so that a crash forgets none: each
 * start goes on from there, with at most 4,096 too many.
 */
@Injectable()
export class KeyUse {
  readonly #logger = new Logger(KeyUse.name);
  #count = 0;
  #stored = 0;
  /** The check that the number stands with; `null` while none of this key is stored. */
  #checkId: number | null = null;
  #storing = false;

  constructor(
    private readonly checks: KeyChecksRepository,
    private readonly transactions: Transactions,
  ) {}

  /** Never less than the truth. */
  get count(): number {
    return this.#count;
  }

  /** To be called before a text is encrypted. */
  note(): void {
    this.#count++;
    if (this.#checkId !== null && this.#stored - this.#count < AHEAD / 2) void this.#countAhead();
  }

  /** What a check that is to be stored now has to say. */
  get numberToStore(): number {
    return this.#count + AHEAD;
  }

  /** The check of the key in use is stored, with that number. */
  resume(checkId: number, stored: number): void {
    this.#checkId = checkId;
    this.#stored = stored;
  }

  /** Before the first use of a start: nobody knows how much of what is stored was used. */
  async recover(checkId: number, stored: number): Promise<void> {
    this.#checkId = checkId;
    this.#stored = stored;
    this.#count += stored;
    await this.#countAhead();
  }

  async #countAhead(): Promise<void> {
    const id = this.#checkId;
    if (this.#storing || id === null) return;
    this.#storing = true;
    const number = this.#count + AHEAD;
    try {
      await this.transactions.run(SYSTEM_ORIGIN, (tx) =>
        this.checks.countUpTo(tx.manager, id, number),
      );
      if (this.#checkId === id) this.#stored = number;
    } catch (error) {
      // The next encryption tries again; until then what is stored is still ahead.
      this.#logger.warn(`the encryptions could not be counted: ${String(error)}`);
    } finally {
      this.#storing = false;
    }
  }
}
