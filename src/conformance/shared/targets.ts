import { NETWORK, PLAIN, type Shape } from '../bench/shape.js';
import type { Subject } from '../bench/subject.js';

/** Well-known public addresses: where the fence holds, no packet for them leaves the sandbox. */
export const PUBLIC_ADDRESSES = ['1.1.1.1', '8.8.8.8', '93.184.216.34'];

export const METADATA_ADDRESSES = [
  '169.254.169.254',
  '169.254.170.2',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
];

/** Sandboxes that reach nothing by themselves: without network access, or with the gateway alone. */
export function closedShapes({ filtered }: Subject): readonly Shape[] {
  return filtered ? [PLAIN, NETWORK] : [PLAIN];
}

export function everyShape(): readonly Shape[] {
  return [PLAIN, NETWORK];
}
