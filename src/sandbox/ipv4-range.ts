/** A range of IPv4 addresses; `first` is its network address as a number. */
export interface Ipv4Range {
  first: number;
  prefix: number;
}

/** Reads `a.b.c.d/n`; null for anything else, IPv6 included. Host bits are cleared. */
export function parseRange(text: string): Ipv4Range | null {
  const [address = '', prefixText = ''] = text.split('/');
  const value = parseAddress(address);
  if (value === null || !/^\d{1,2}$/.test(prefixText)) return null;
  const prefix = Number(prefixText);
  return prefix > 32 ? null : { first: value - (value % rangeSize(prefix)), prefix };
}

/** Dotted decimal alone: four parts of 0 to 255 without leading zeros. */
export function parseAddress(text: string): number | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  let value = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null;
    value = value * 256 + Number(part);
  }
  return value;
}

export function formatAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

export function formatRange({ first, prefix }: Ipv4Range): string {
  return `${formatAddress(first)}/${prefix}`;
}

/** How many addresses a prefix of this length covers. */
export function rangeSize(prefix: number): number {
  return 2 ** (32 - prefix);
}

export function overlaps(one: Ipv4Range, other: Ipv4Range): boolean {
  return (
    one.first < other.first + rangeSize(other.prefix) &&
    other.first < one.first + rangeSize(one.prefix)
  );
}

const SUBNET_PREFIX = 20;
/** Private space, the part that VPNs and Docker's own pools use least first. */
const POOLS = ['10.128.0.0/9', '172.16.0.0/12', '10.0.0.0/9', '192.168.0.0/16'];

/**
 * Private /20 ranges that overlap none of `taken`, beginning at a place that `seed` chooses, so that
 * instances that do not see each other's networks seldom choose the same.
 */
export function* freeSubnets(taken: readonly Ipv4Range[], seed: number): Generator<Ipv4Range> {
  for (const pool of POOLS) {
    const { first, prefix } = parseRange(pool) as Ipv4Range;
    const count = 2 ** (SUBNET_PREFIX - prefix);
    for (let step = 0; step < count; step += 1) {
      const index = (seed + step) % count;
      const range = { first: first + index * rangeSize(SUBNET_PREFIX), prefix: SUBNET_PREFIX };
      if (!taken.some((other) => overlaps(range, other))) yield range;
    }
  }
}
