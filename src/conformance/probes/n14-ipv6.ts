import { reachProbe } from '../shared/reach-probe.js';
import { closedShapes } from '../shared/targets.js';

const ADDRESSES = ['2606:4700:4700::1111', '2001:4860:4860::8888'];

export const ipv6 = reachProbe({
  id: 'N14',
  title: 'IPv6 is absent, or as closed',
  shapes: closedShapes,
  tries: () =>
    ADDRESSES.flatMap((host) => [
      { name: `tcp-${host}`, protocol: 'tcp' as const, host, port: 443 },
      { name: `udp-${host}`, protocol: 'udp' as const, host, port: 53, say: ['ask'] },
      { name: `icmp-${host}`, protocol: 'icmp' as const, host, port: 0 },
    ]),
});
