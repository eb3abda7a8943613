import type { Reach } from '../inside/reach-script.js';
import { dnsQuery } from '../inside/dns-query.js';
import { reachProbe } from '../shared/reach-probe.js';
import { closedShapes, PUBLIC_ADDRESSES } from '../shared/targets.js';

const say = [dnsQuery('example.com', 'A')];

export const protocols = reachProbe({
  id: 'N4',
  title: 'No UDP, ICMP or SCTP past the gateway',
  shapes: closedShapes,
  tries: () =>
    PUBLIC_ADDRESSES.flatMap((host): Reach[] => [
      ...[53, 123, 443].map((port): Reach => ({
        name: `udp-${host}:${port}`,
        protocol: 'udp',
        host,
        port,
        say,
      })),
      { name: `icmp-${host}`, protocol: 'icmp', host, port: 0 },
      { name: `sctp-${host}`, protocol: 'sctp', host, port: 443 },
    ]),
});
