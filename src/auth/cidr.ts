import { parseIpAddress, type IpAddress } from './ip-address.js';

/** A range of addresses, `10.0.0.0/8`; one address is a range of its own. */
export class Cidr {
  private constructor(
    private readonly family: 4 | 6,
    private readonly network: bigint,
    private readonly hostBits: bigint,
  ) {}

  /** @throws RangeError for what is not an address with an optional prefix length. */
  static parse(text: string): Cidr {
    const [, addressText = '', prefixText] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
    const address = parseIpAddress(addressText);
    if (address === null) throw new RangeError(`${text} is not an address or a range of addresses`);
    const width = addressText.includes(':') ? 128 : 32;
    const prefix = prefixText === undefined ? width : Number(prefixText);
    if (prefix > width) throw new RangeError(`${text} has a prefix longer than its address`);
    return Cidr.#of(address, width - prefix);
  }

  static #of(address: IpAddress, hostBits: number): Cidr {
    const familyBits = address.family === 4 ? 32 : 128;
    // `::ffff:0:0/90` is wider than IPv4 itself; as an IPv4 range it is all of it.
    const bits = BigInt(Math.min(hostBits, familyBits));
    return new Cidr(address.family, address.bits >> bits, bits);
  }

  includes(address: IpAddress): boolean {
    return address.family === this.family && address.bits >> this.hostBits === this.network;
  }
}
