import { randomBytes, randomInt } from 'node:crypto';

import { type Ipv4Range, formatAddress, rangeSize } from './ipv4-range.js';

export interface SandboxAddress {
  address: string;
  /** Locally administered, unicast, never used before by this process. */
  mac: string;
}

/** Enough for any number of concurrent runs; a large network need not be listed whole. */
const MOST_ADDRESSES = 65_536;

/**
 * The addresses of one network. The one freed longest ago is given first, so that an answer, a
 * connection or a grant of an earlier run has ended before its address is used again.
 */
export class AddressPool {
  #free: number[] = [];
  readonly #used = new Set<number>();
  readonly #reserved: ReadonlySet<number>;

  /** `reserved`: addresses that are not ours to give, the gateway among them. */
  constructor(range: Ipv4Range, reserved: Iterable<number>) {
    this.#reserved = new Set(reserved);
    const count = Math.min(rangeSize(range.prefix) - 2, MOST_ADDRESSES);
    const start = count > 0 ? randomInt(count) : 0;
    for (let step = 0; step < count; step += 1) {
      const value = range.first + 1 + ((start + step) % count);
      if (!this.#reserved.has(value)) this.#free.push(value);
    }
  }

  /** Null when every address is in use. `busy`: addresses that something outside holds just now. */
  take(busy: ReadonlySet<number> = new Set()): SandboxAddress | null {
    const index = this.#free.findIndex((value) => !busy.has(value));
    const [value] = index === -1 ? [] : this.#free.splice(index, 1);
    if (value === undefined) return null;
    this.#used.add(value);
    return { address: formatAddress(value), mac: randomMac() };
  }

  /** Takes a certain address, for a sandbox that has it already. */
  reserve(value: number): void {
    const index = this.#free.indexOf(value);
    if (index === -1) return;
    this.#free.splice(index, 1);
    this.#used.add(value);
  }

  /** Gives an address back, to be used last; one that was not taken is ignored. */
  giveBack(value: number): void {
    if (this.#used.delete(value)) this.#free.push(value);
  }
}

function randomMac(): string {
  const bytes = randomBytes(6);
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
