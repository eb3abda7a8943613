import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { mustRun } from './commands.js';

const IN_THE_INTERNET = ['nsenter', `--net=${internetNamespace()}`] as const;

/**
 * Answered by every address of the internet: TCP at once and then 20 times a second, UDP at once, or
 * after 1.5 s when the message starts with `later`.
 */
export const ANSWERED_PORT = 41_999;

const SERVER = `
const tcp = require('node:net').createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes) => socket.write('echo ' + bytes));
  const drip = setInterval(() => socket.write('echo drip'), 50);
  socket.on('close', () => clearInterval(drip));
});
tcp.listen(${ANSWERED_PORT}, '0.0.0.0', () => console.log('ready'));
const udp = require('node:dgram').createSocket('udp4');
udp.on('message', (bytes, peer) => {
  const later = bytes.toString().startsWith('later') ? 1500 : 0;
  setTimeout(() => udp.send('echo ' + bytes, peer.port, peer.address), later);
});
udp.bind(${ANSWERED_PORT});
`;

/** The other end of every connection: notes each packet that arrives from the host, whatever it is. */
export class Internet {
  private constructor(
    private readonly table: string,
    private readonly server: ChildProcess,
  ) {}

  static async start(id: string): Promise<Internet> {
    const table = `egress_${id}`;
    const script = `table inet ${table} {
      set seen4 { type ipv4_addr . inet_proto; flags dynamic; size 65535; }
      set seen6 { type ipv6_addr . inet_proto; flags dynamic; size 65535; }
      chain arrivals {
        type filter hook prerouting priority -301; policy accept;
        add @seen4 { ip daddr . ip protocol }
        ip6 daddr != ff00::/8 add @seen6 { ip6 daddr . meta l4proto }
      }
      # Redirected to the same port, so that the answer comes from the address that was asked.
      chain answer {
        type nat hook prerouting priority dstnat - 1; policy accept;
        meta l4proto udp udp dport ${ANSWERED_PORT} redirect to :${ANSWERED_PORT}
      }
    }`;
    await mustRun([...IN_THE_INTERNET, 'nft', '-f', '-'], script);
    const [file, ...args] = [...IN_THE_INTERNET, process.execPath, '-e', SERVER];
    const server = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve, reject) => {
      server.stdout.once('data', resolve);
      server.once('exit', () => reject(new Error('the internet did not start')));
    });
    return new Internet(table, server);
  }

  /** `protocol` as nft names it: `tcp`, `udp`, `icmp`, `sctp`. */
  async saw(address: string, protocol: string): Promise<boolean> {
    return (await this.arrivals()).includes(`${address} . ${protocol}`);
  }

  /** `address . protocol` of all that arrived, both families. */
  async arrivals(): Promise<string[]> {
    return [...(await this.elements('seen4')), ...(await this.elements('seen6'))];
  }

  /** Those of `addresses` at which anything arrived, in their order. */
  async addressesSeen(addresses: readonly string[]): Promise<string[]> {
    const seen = new Set((await this.arrivals()).map((arrival) => arrival.split(' ')[0]));
    return addresses.filter((address) => seen.has(address));
  }

  async forget(): Promise<void> {
    const flush = ['seen4', 'seen6'].map((set) => `flush set inet ${this.table} ${set}\n`);
    await mustRun([...IN_THE_INTERNET, 'nft', '-f', '-'], flush.join(''));
  }

  async stop(): Promise<void> {
    this.server.removeAllListeners('exit');
    this.server.kill('SIGKILL');
    await mustRun([...IN_THE_INTERNET, 'nft', 'delete', 'table', 'inet', this.table]);
  }

  private async elements(set: string): Promise<string[]> {
    const list = ['nft', 'list', 'set', 'inet', this.table, set];
    const text = await mustRun([...IN_THE_INTERNET, ...list]);
    const body = /elements = \{([^}]*)\}/.exec(text)?.[1] ?? '';
    return body.split(',').map((element) => element.trim());
  }
}

function internetNamespace(): string {
  const world = process.env.TEST_WORLD;
  if (!world) return '/run/netns/world-net';
  const { netPid } = JSON.parse(readFileSync(join(world, 'world.json'), 'utf8')) as {
    netPid: number;
  };
  return `/proc/${netPid}/ns/net`;
}
