import type { Bench } from '../bench/bench.js';
import { inconclusive, type Finding } from '../finding.js';
import { findingsOf } from '../inside/batch-script.js';
import { reachScript, type Reach } from '../inside/reach-script.js';
import type { Probe } from '../probe.js';
import { NEIGHBOUR_PORT, withNeighbour, type Neighbour } from '../shared/neighbour.js';
import { judgeReach, reachedUnlocked } from '../shared/reach-probe.js';
import { everyShape } from '../shared/targets.js';

/** Whether the kernel has learnt where that address is. */
const ARP = (address: string) => `while read -r at _ _ mac _; do
  [ "$at" = ${address} ] && [ "$mac" != 00:00:00:00:00:00 ] && echo "arp $mac"; done < /proc/net/arp; true`;

export const neighbours: Probe = {
  id: 'N13',
  title: 'Another sandbox is neither reached nor seen',
  group: 'network',
  network: true,
  attempt: (bench: Bench) => withNeighbour(bench, (neighbour) => tried(bench, neighbour)),
};

async function tried(bench: Bench, { address, serves }: Neighbour): Promise<Finding> {
  if (!serves) return inconclusive('the other sandbox’s server does not answer itself');
  const tries: Reach[] = [
    { name: 'server', protocol: 'tcp', host: address, port: NEIGHBOUR_PORT },
    { name: 'datagram', protocol: 'udp', host: address, port: NEIGHBOUR_PORT, say: ['ask'] },
    { name: 'echo', protocol: 'icmp', host: address, port: 0 },
  ];
  const script = `( ${reachScript(tries)}\n)\n${ARP(address)}`;
  const [sandboxes, control] = await Promise.all([
    Promise.all(everyShape().map((shape) => bench.inside(shape, script))),
    reachedUnlocked(bench, tries),
  ]);
  const seen = sandboxes.flatMap((answer) => findingsOf(answer).arp ?? []);
  const outside = seen.map((mac) => `its ARP told ${mac}`);
  return judgeReach({}, { tries, sandboxes, control, outside });
}
