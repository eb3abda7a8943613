import { parseIpAddress } from '../auth/ip-address.js';

/** Where IPv4 addresses live among the keys: 100::/32, a prefix that no machine has (RFC 6666). */
const IPV4_HIGH = 0x0100_0000;
/** What is no address at all shares one key. */
const UNKNOWN: AddressKey = { high: 0, low: 0 };

/** 64 bits that tell two clients apart: an IPv4 address, or the /64 of an IPv6 address. */
export interface AddressKey {
  readonly high: number;
  readonly low: number;
}

export function addressKey(address: string): AddressKey {
  const ipv4 = ipv4Number(address);
  if (ipv4 !== null) return { high: IPV4_HIGH, low: ipv4 };
  const parsed = parseIpAddress(address);
  if (parsed === null) return UNKNOWN;
  if (parsed.family === 4) return { high: IPV4_HIGH, low: Number(parsed.bits) };
  return {
    high: Number(parsed.bits >> 96n),
    low: Number((parsed.bits >> 64n) & 0xffff_ffffn),
  };
}

/** The common case without a BigInt; `null` for whatever is not plain dotted IPv4. */
function ipv4Number(text: string): number | null {
  if (text.length > 15) return null;
  let number = 0;
  let octet = -1;
  let dots = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 46) {
      if (octet < 0) return null;
      number = number * 256 + octet;
      octet = -1;
      dots += 1;
    } else if (code >= 48 && code <= 57) {
      octet = Math.max(octet, 0) * 10 + code - 48;
      if (octet > 255) return null;
    } else return null;
  }
  return dots === 3 && octet >= 0 ? number * 256 + octet : null;
}
