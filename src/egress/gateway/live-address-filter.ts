import { AddressFilter, type BlockedClass } from '../address-class.js';
import type { GatewayOptions } from './gateway-options.js';

/** Addresses of the host change seldom, and listing them costs as much as opening a connection. */
const OWN_FOR_MS = 1000;

/** The filter of the rules as they are now. */
export class LiveAddressFilter {
  readonly #options: GatewayOptions;
  #own: readonly string[] = [];
  #ownAt = Number.NEGATIVE_INFINITY;
  #key = '';
  #filter: Pick<AddressFilter, 'blocked'>;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#filter = options.addressFilter ?? new AddressFilter([], []);
  }

  /** The class that blocks the address; `null` where none does. */
  blocked(address: string): BlockedClass | null {
    return this.#current().blocked(address);
  }

  #current(): Pick<AddressFilter, 'blocked'> {
    if (this.#options.addressFilter) return this.#filter;
    const now = this.#options.clock.monotonicMs();
    if (now - this.#ownAt >= OWN_FOR_MS) {
      this.#own = this.#options.ownAddresses();
      this.#ownAt = now;
    }
    const { internalRanges } = this.#options.rules();
    const key = `${internalRanges.join()} ${this.#own.join()}`;
    if (key === this.#key) return this.#filter;
    this.#filter = new AddressFilter(internalRanges, this.#own);
    this.#key = key;
    return this.#filter;
  }
}
