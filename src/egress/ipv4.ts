import { isIPv4 } from 'node:net';

export interface Ipv4Range {
  /** The first address as a number. */
  readonly first: number;
  readonly last: number;
  /** `10.9.0.0/24`, the host bits cleared. */
  readonly cidr: string;
}

/** Dotted decimal to a number; throws `TypeError` for anything else, shortened and octal forms too. */
export function parseIpv4(address: string): number {
  if (!isIPv4(address)) throw new TypeError(`not an IPv4 address: ${JSON.stringify(address)}`);
  return address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
}

export function formatIpv4(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
}

/** Throws `TypeError` when it is not `address/prefix`; a bare address is a range of one. */
export function parseRange(cidr: string): Ipv4Range {
  const match = /^([0-9.]+)(?:\/(3[0-2]|[12]?[0-9]))?$/.exec(cidr);
  if (!match?.[1]) throw new TypeError(`not an IPv4 range: ${JSON.stringify(cidr)}`);
  const prefix = match[2] === undefined ? 32 : Number(match[2]);
  const size = 2 ** (32 - prefix);
  const address = parseIpv4(match[1]);
  const first = address - (address % size);
  return { first, last: first + size - 1, cidr: `${formatIpv4(first)}/${prefix}` };
}

export function rangeIncludes(range: Ipv4Range, address: string): boolean {
  const value = parseIpv4(address);
  return value >= range.first && value <= range.last;
}
