import type { Cidr } from './cidr.js';
import { parseIpAddress } from './ip-address.js';

/**
 * The address that a request counts for. Without trusted proxies it is the socket's peer. Behind
 * one it is the right-most address of `X-Forwarded-For` that is not itself trusted: what stands
 * left of it came from the client, who can write anything. Text that is no address ends the walk at
 * the hop that reported it.
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  trusted: readonly Cidr[],
): string {
  let address = peer ?? '';
  if (trusted.length === 0 || forwardedFor === undefined) return address;
  const hops = forwardedFor.split(',');
  while (isTrusted(address, trusted)) {
    const next = hops.pop()?.trim();
    if (next === undefined || parseIpAddress(next) === null) break;
    address = next;
  }
  return address;
}

/** Whether the text is an address of one of the ranges. */
export function isTrusted(text: string, trusted: readonly Cidr[]): boolean {
  const address = parseIpAddress(text);
  return address !== null && trusted.some((range) => range.includes(address));
}
