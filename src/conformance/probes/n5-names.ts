import type { Bench } from '../bench/bench.js';
import { dnsQuery, isDnsAnswer } from '../inside/dns-query.js';
import { GATEWAY, type Reach } from '../inside/reach-script.js';
import { reachProbe } from '../shared/reach-probe.js';
import { closedShapes } from '../shared/targets.js';

/** Docker’s own inside, what hosts have on their loopback, the bridge, and others. */
const RESOLVERS = ['127.0.0.11', '127.0.0.53', GATEWAY, '192.0.2.53', '1.1.1.1', '8.8.8.8'];

export const names = reachProbe({
  id: 'N5',
  title: 'No name is resolved outside',
  shapes: closedShapes,
  // A random name: an answer, also that there is none, can come from outside alone.
  tries: ({ nonce, subject }: Bench): Reach[] =>
    [...RESOLVERS, ...subject.codex.sandbox.dns].flatMap((host) =>
      (['A', 'TXT'] as const).map((type) => ({
        name: `${type}-${host}`,
        protocol: 'udp' as const,
        host,
        port: 53,
        say: [dnsQuery(`${nonce}-${type.toLowerCase()}.example.com`, type)],
        waitSeconds: 3,
      })),
    ),
  isReached: ({ answer }) => isDnsAnswer(answer),
});
