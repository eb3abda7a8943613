import { DomainError } from '../kernel/domain-error.js';
import { addressKey } from '../throttle/address-key.js';

/** How many addresses it takes to hold all places. */
const ADDRESSES_TO_FILL = 4;

/**
 * A number of places, each for one client that is served for long. One address (IPv6 by /64) has at most
 * a quarter of them, so that nobody alone keeps the others out by reading slowly.
 */
export class Places {
  #taken = 0;
  readonly #takenBy = new Map<string, number>();
  readonly #share: number;

  constructor(private readonly most: number) {
    this.#share = Math.ceil(most / ADDRESSES_TO_FILL);
  }

  /**
   * Takes one; call the answer when it is free again.
   *
   * @throws DomainError `too_many_streams` when all are taken, or the client's share is.
   */
  take(clientAddress: string): () => void {
    const { high, low } = addressKey(clientAddress);
    const client = `${high}:${low}`;
    const own = this.#takenBy.get(client) ?? 0;
    if (this.#taken >= this.most) {
      throw tooMany('Too many clients wait or follow; try again later');
    }
    if (own >= this.#share) {
      throw tooMany('Too many clients of this address wait or follow; try again later');
    }
    this.#taken += 1;
    this.#takenBy.set(client, own + 1);
    let free = () => {
      this.#leave(client);
      free = () => undefined;
    };
    return () => free();
  }

  #leave(client: string): void {
    this.#taken -= 1;
    const left = (this.#takenBy.get(client) ?? 1) - 1;
    if (left === 0) this.#takenBy.delete(client);
    else this.#takenBy.set(client, left);
  }
}

function tooMany(message: string): DomainError {
  return new DomainError('too_many_streams', message, { retryAfterSeconds: 5 });
}
