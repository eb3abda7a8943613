import { GatewayListener } from '../../hardening/probe/gateway-listener.js';
import type { Bench } from '../bench/bench.js';
import { inconclusive, notApplicable, type Finding } from '../finding.js';
import type { Reach } from '../inside/reach-script.js';
import type { Probe } from '../probe.js';
import { listeningPorts } from '../shared/listening-ports.js';
import { withNeighbour } from '../shared/neighbour.js';
import { reachProbe } from '../shared/reach-probe.js';
import { everyShape } from '../shared/targets.js';

/** Of each address; a scan of all would take minutes. */
const MOST_PORTS = 12;
const USUAL_PORTS = [22, 80, 443, 2375, 2376];

export const theHost: Probe = {
  id: 'N12',
  title: 'The host, its gateway address and the service are not reached',
  group: 'network',
  network: true,
  attempt: (bench: Bench) => withNeighbour(bench, ({ gateway }) => tried(bench, gateway)),
};

async function tried(bench: Bench, gateway: string | null): Promise<Finding> {
  const { host, filtered } = bench.subject;
  if (host === null || gateway === null) return notApplicable('the service is not on this machine');
  const listener = await GatewayListener.open(gateway);
  if (listener === null) return notApplicable('no port can be opened at the gateway’s address');
  try {
    // The positive control of silence: the listener answers this host.
    if (!(await listener.hearsHost())) return inconclusive('the listener does not hear this host');
    const ports = portsOf(host.port, filtered ? gateway : null);
    const tries = [gateway, ...host.addresses.filter((one) => one !== gateway)].flatMap((address) =>
      [...(address === gateway ? [listener.port] : []), ...ports].map((port): Reach => ({
        name: `${address}:${port}`,
        protocol: 'tcp',
        host: address,
        port,
      })),
    );
    const probe = reachProbe({ id: 'N12', title: '', shapes: everyShape, tries: () => tries });
    const finding = await probe.attempt(bench);
    const heard = listener.heardFromOthers();
    if (heard.length === 0) return finding;
    return { verdict: 'fail', detail: `The listener heard ${heard.join(', ')}.`, remedy: null };
  } finally {
    await listener.close();
  }
}

/** The egress gateway listens at the gateway’s address alone; it is the one that may be reached. */
function portsOf(api: number, gateway: string | null): number[] {
  const open = listeningPorts().filter(({ address }) => address === null || address !== gateway);
  const all = [api, ...open.map(({ port }) => port), ...USUAL_PORTS];
  return [...new Set(all)].slice(0, MOST_PORTS);
}
