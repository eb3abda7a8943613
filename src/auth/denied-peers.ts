import { Cidr } from './cidr.js';
import { parseIpAddress } from './ip-address.js';

/** Networks whose machines may not write, whatever they show: the sandboxes'. `egress` fills it. */
export abstract class DeniedPeers {
  /** Replaces what the name stood for. @throws RangeError when `cidr` is none. */
  abstract addRange(name: string, cidr: string): void;

  abstract removeRange(name: string): void;

  abstract includes(address: string): boolean;
}

export class DeniedPeerRanges extends DeniedPeers {
  readonly #ranges = new Map<string, Cidr>();

  addRange(name: string, cidr: string): void {
    this.#ranges.set(name, Cidr.parse(cidr));
  }

  removeRange(name: string): void {
    this.#ranges.delete(name);
  }

  includes(address: string): boolean {
    if (this.#ranges.size === 0) return false;
    const parsed = parseIpAddress(address);
    if (parsed === null) return false;
    for (const range of this.#ranges.values()) if (range.includes(parsed)) return true;
    return false;
  }
}
