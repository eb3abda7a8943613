import { isIPv4, isIPv6 } from 'node:net';

/** An address as the 128 bits of IPv6; IPv4 (`::ffff:0:0/96` too) is family 4 and its 32 bits. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly bits: bigint;
}

const MAPPED_PREFIX = 0xffffn;

/** `null` for anything that is not exactly one address; an IPv6 zone (`%eth0`) is passed over. */
export function parseIpAddress(text: string): IpAddress | null {
  if (isIPv4(text)) return { family: 4, bits: ipv4Bits(text) };
  const zone = text.indexOf('%');
  const address = zone === -1 ? text : text.slice(0, zone);
  if (!isIPv6(address)) return null;
  const bits = ipv6Bits(address);
  return bits >> 32n === MAPPED_PREFIX
    ? { family: 4, bits: bits & 0xffff_ffffn }
    : { family: 6, bits };
}

function ipv4Bits(text: string): bigint {
  return text.split('.').reduce((bits, octet) => (bits << 8n) | BigInt(octet), 0n);
}

function ipv6Bits(text: string): bigint {
  const [head = '', tail] = text.split('::');
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const zeros = Array<bigint>(tail === undefined ? 0 : 8 - left.length - right.length).fill(0n);
  return [...left, ...zeros, ...right].reduce((bits, group) => (bits << 16n) | group, 0n);
}

function groups(text: string): bigint[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)];
    const bits = ipv4Bits(group);
    return [bits >> 16n, bits & 0xffffn];
  });
}

/** 127.0.0.0/8, `::1`, and `::ffff:127.*`. */
export function isLoopbackAddress(text: string | undefined): boolean {
  const address = text === undefined ? null : parseIpAddress(text);
  if (address === null) return false;
  return address.family === 4 ? address.bits >> 24n === 127n : address.bits === 1n;
}
