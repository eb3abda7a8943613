/**
 * What an open sandbox never reaches: private, loopback, link-local, shared, reserved and multicast
 * addresses (IANA's special-purpose registry) and the addresses at which clouds serve credentials.
 * The three documentation networks are left out: nobody routes them, and tests use them as internet.
 */
export const BLOCKED_RANGES: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  // 100.100.100.200, Alibaba's metadata service, is among these.
  '100.64.0.0/10',
  '127.0.0.0/8',
  // Azure's WireServer hands out certificates and secrets of the machine from a public address.
  '168.63.129.16/32',
  // 169.254.169.254 and its kin: the metadata service of AWS, Azure, Google and others.
  '169.254.0.0/16',
  '172.16.0.0/12',
  // 192.0.0.192, Oracle's metadata service, is among these.
  '192.0.0.0/24',
  // A relay for IPv6 inside IPv4: a way around the rule that no IPv6 passes.
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  // Multicast, reserved, limited broadcast.
  '224.0.0.0/3',
];
