import { isIPv4, isIPv6 } from 'node:net';

import { parseIpv4 } from './ipv4.js';

export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

export interface IpRange {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

const GROUPS = 8;

/** `null` for anything but an IPv4 address in dotted decimal or an IPv6 address without a zone. */
export function parseIp(text: string): IpAddress | null {
  if (isIPv4(text)) return { family: 4, value: BigInt(parseIpv4(text)) };
  if (!isIPv6(text) || text.includes('%')) return null;
  return { family: 6, value: ipv6Value(text) };
}

/** `address/prefix`, or an address, which is a range of one; throws `TypeError` for anything else. */
export function parseIpRange(text: string): IpRange {
  const [address = '', prefix, ...more] = text.split('/');
  const ip = parseIp(address);
  const bits = ip?.family === 6 ? 128 : 32;
  const length = prefix === undefined ? bits : Number(prefix);
  const wellFormed = more.length === 0 && (prefix === undefined || /^\d{1,3}$/.test(prefix));
  if (ip === null || !wellFormed || length > bits) {
    throw new TypeError(`not a range of addresses: ${JSON.stringify(text)}`);
  }
  const size = 1n << BigInt(bits - length);
  const first = ip.value - (ip.value % size);
  return { family: ip.family, first, last: first + size - 1n };
}

export function isInRange({ family, value }: IpAddress, range: IpRange): boolean {
  return family === range.family && value >= range.first && value <= range.last;
}

function ipv6Value(text: string): bigint {
  const [left = [], right = []] = text.split('::').map(groupsOf);
  const zeros = Array.from({ length: GROUPS - left.length - right.length }, () => 0);
  return [...left, ...zeros, ...right].reduce((value, group) => (value << 16n) + BigInt(group), 0n);
}

/** The groups between colons; an IPv4 address at the end is two of them. */
function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const value = parseIpv4(group);
    return [Math.floor(value / 65_536), value % 65_536];
  });
}
