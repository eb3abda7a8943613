import { isInRange, parseIp, parseIpRange, type IpAddress, type IpRange } from './ip-range.js';

export type BlockedClass =
  | 'own'
  | 'metadata'
  | 'loopback'
  | 'link-local'
  | 'multicast'
  | 'embedded-ipv4'
  | 'private'
  | 'shared'
  | 'reserved';

/**
 * IANA's special-purpose registries of both families, and what clouds serve credentials at; the first
 * that holds an address names it. The three documentation networks of IPv4 and `2001:db8::/32` are
 * left out: nobody routes them, and tests use them as internet. What the registries call globally
 * reachable outside `192.0.0.0/24` and `2001::/23` (AS112, AMT) is public.
 */
const SPECIAL: readonly (readonly [BlockedClass, readonly string[]])[] = [
  [
    'metadata',
    [
      // AWS, Azure, Google and others; AWS's for tasks.
      '169.254.169.254',
      '169.254.170.2',
      // Alibaba.
      '100.100.100.200',
      // Azure's WireServer.
      '168.63.129.16',
      // Oracle.
      '192.0.0.192',
      // AWS over IPv6.
      'fd00:ec2::254',
      'fd00:ec2::23',
    ],
  ],
  ['loopback', ['127.0.0.0/8', '::1']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
  ['multicast', ['224.0.0.0/4', 'ff00::/8']],
  [
    // Each is another spelling of an IPv4 address, or a relay to one.
    'embedded-ipv4',
    [
      // Mapped, and translated as SIIT does.
      '::ffff:0:0/96',
      '::ffff:0:0:0/96',
      // NAT64.
      '64:ff9b::/96',
      '64:ff9b:1::/48',
      // Teredo, 6to4 and its relay.
      '2001::/32',
      '2002::/16',
      '192.88.99.0/24',
    ],
  ],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fec0::/10']],
  ['shared', ['100.64.0.0/10']],
  [
    'reserved',
    [
      '0.0.0.0/8',
      '192.0.0.0/24',
      '198.18.0.0/15',
      '240.0.0.0/4',
      '::',
      // Discard-only, IETF protocol assignments, documentation, segment routing.
      '100::/64',
      '100:0:0:1::/64',
      '2001::/23',
      '3fff::/20',
      '5f00::/16',
    ],
  ],
];

const CLASSES = SPECIAL.flatMap(([name, ranges]) =>
  ranges.map((range) => [name, parseIpRange(range)] as const),
);
const IPV4_COMPATIBLE = parseIpRange('::/96');
/** All that is assigned as global unicast. */
const GLOBAL_UNICAST = parseIpRange('2000::/3');
/** An interface identifier of ISATAP, whatever its two flag bits say. */
const ISATAP_MASK = 0xfc_ff_ff_ffn;
const ISATAP = 0x5e_fen;

/** What `ranges` of an operator make reachable. */
const INTERNAL: ReadonlySet<BlockedClass> = new Set(['private', 'shared']);

/** The class of an address by itself; what cannot be read is `reserved`. */
export function addressClass(address: string): BlockedClass | 'public' {
  const ip = parseIp(address);
  return ip === null ? 'reserved' : classOf(ip);
}

function classOf(ip: IpAddress): BlockedClass | 'public' {
  for (const [name, range] of CLASSES) if (isInRange(ip, range)) return name;
  if (ip.family === 4) return 'public';
  if (isInRange(ip, IPV4_COMPATIBLE)) return 'embedded-ipv4';
  if (((ip.value >> 32n) & ISATAP_MASK) === ISATAP) return 'embedded-ipv4';
  return isInRange(ip, GLOBAL_UNICAST) ? 'public' : 'reserved';
}

/**
 * Which addresses a sandbox's connection may not go to. `internalRanges` make private and shared
 * addresses in them reachable, and nothing else. `own` are addresses and ranges of the host and its
 * sandboxes, which are blocked whatever else they are. Throws `TypeError` for what is no range.
 */
export class AddressFilter {
  readonly #internal: readonly IpRange[];
  readonly #own: readonly IpRange[];

  constructor(internalRanges: readonly string[], own: readonly string[]) {
    this.#internal = internalRanges.map(parseIpRange);
    this.#own = own.map(parseIpRange);
  }

  /** The class that blocks the address; `null` where none does. */
  blocked(address: string): BlockedClass | null {
    const ip = parseIp(address);
    if (ip === null) return 'reserved';
    const name = classOf(ip);
    if (name !== 'public' && !INTERNAL.has(name)) return name;
    if (this.#own.some((range) => isInRange(ip, range))) return 'own';
    if (name === 'public' || this.#internal.some((range) => isInRange(ip, range))) return null;
    return name;
  }
}
