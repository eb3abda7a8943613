import { networkInterfaces } from 'node:os';

import type { Bench } from '../bench/bench.js';
import { NETWORK } from '../bench/shape.js';
import type { HeldRun } from '../bench/held-run.js';
import { findingsOf } from '../inside/batch-script.js';
import { readReach, reachScript } from '../inside/reach-script.js';
import { NotApplicable } from '../probe.js';

/** Another sandbox with network access, which answers at a port for as long as it is looked at. */
export interface Neighbour {
  readonly address: string;
  /** Its server answers itself. */
  readonly serves: boolean;
  /** The bridge’s own address, where the command runs on its host; else null. */
  readonly gateway: string | null;
}

export const NEIGHBOUR_PORT = 4242;

const SERVER = `if command -v perl >/dev/null; then perl -MSocket -e 'socket(S, AF_INET, SOCK_STREAM, 6); bind(S, pack_sockaddr_in(${NEIGHBOUR_PORT}, INADDR_ANY)); listen(S, 9); accept(C, S) and syswrite(C, "here") while 1' &
elif command -v python3 >/dev/null; then python3 -c 'import socket
s = socket.create_server(("", ${NEIGHBOUR_PORT}))
while True: s.accept()[0].send(b"here")' &
fi
sleep 0.5`;
const SELF = reachScript([
  { name: 'self', protocol: 'tcp', host: '127.0.0.1', port: NEIGHBOUR_PORT },
]);

/** While `look` looks, and no longer than two minutes. */
export async function withNeighbour<T>(
  bench: Bench,
  look: (neighbour: Neighbour) => Promise<T>,
): Promise<T> {
  const script = `${SERVER}\n( ${SELF}\n)\necho up; sleep 110`;
  const run = await bench.hold({ shape: NETWORK, script });
  try {
    return await look(await neighbourOf(run));
  } finally {
    await run.end();
  }
}

async function neighbourOf(run: HeldRun): Promise<Neighbour> {
  const address = await run.address();
  if (address === null) throw new NotApplicable('sandboxes have no network at all here');
  const found = findingsOf({ output: await run.output(), exitCode: 0 });
  const serves = readReach(found).get('self')?.outcome === 'open';
  return { address, serves, gateway: gatewayOf(address) };
}

/** Of this host’s own addresses, the one in whose range that one lies. */
function gatewayOf(address: string): string | null {
  const own = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const found = own.find(
    ({ family, netmask, address: host }) =>
      family === 'IPv4' && (number(host) & number(netmask)) === (number(address) & number(netmask)),
  );
  return found?.address ?? null;
}

function number(address: string): number {
  return address.split('.').reduce((sum, part) => (sum << 8) | Number(part), 0);
}
