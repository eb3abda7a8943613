import type { Bench } from '../bench/bench.js';
import { NETWORK } from '../bench/shape.js';
import { failed, type Finding } from '../finding.js';
import { findingsOf } from '../inside/batch-script.js';
import { reachScript, readReach } from '../inside/reach-script.js';
import type { Probe } from '../probe.js';
import { connectTo, statusOf, throughGateway } from '../shared/gateway-probe.js';
import { reachProbe } from '../shared/reach-probe.js';
import { everyShape, METADATA_ADDRESSES } from '../shared/targets.js';

const directly = reachProbe({
  id: 'N11',
  title: 'Metadata services are not reached',
  shapes: everyShape,
  tries: () =>
    METADATA_ADDRESSES.map((host) => ({ name: host, protocol: 'tcp' as const, host, port: 80 })),
});

/** Through the gateway as well, whatever is listed and also where it only observes. */
export const metadata: Probe = {
  ...directly,
  async attempt(bench: Bench): Promise<Finding> {
    const targets = [...METADATA_ADDRESSES, 'metadata.google.internal'].map((host) =>
      host.includes(':') ? `[${host}]:80` : `${host}:80`,
    );
    const tries = targets.map((target, n) => throughGateway(`m${n}`, [connectTo(target)]));
    const asked = bench.subject.filtered ? bench.inside(NETWORK, reachScript(tries)) : null;
    const finding = await directly.attempt(bench);
    if (asked === null) return finding;
    const reached = readReach(findingsOf(await asked));
    const open = targets.filter((_target, n) => {
      const status = statusOf(reached.get(`m${n}`)?.answer ?? '');
      return status >= 200 && status < 300;
    });
    return open.length > 0 ? failed(`The gateway leads to ${open.join(', ')}.`) : finding;
  },
};
