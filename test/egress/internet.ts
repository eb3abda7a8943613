import { spawn, type ChildProcess } from 'node:child_process';

import { mustRun } from './commands.js';

const IN_THE_INTERNET = ['nsenter', '--net=/run/netns/world-net'] as const;

/** Answered by every address of the internet, TCP and UDP. */
export const ANSWERED_PORT = 41_999;

const SERVER = `
const tcp = require('node:net').createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes) => socket.write('echo ' + bytes));
});
tcp.listen(${ANSWERED_PORT}, '0.0.0.0', () => console.log('ready'));
const udp = require('node:dgram').createSocket('udp4');
udp.on('message', (bytes, peer) => udp.send('echo ' + bytes, peer.port, peer.address));
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
      set sources { type ipv4_addr; flags dynamic; size 65535; }
      chain arrivals {
        type filter hook prerouting priority -301; policy accept;
        add @seen4 { ip daddr . ip protocol }
        add @sources { ip saddr }
        add @seen6 { ip6 daddr . meta l4proto }
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

  /** Source addresses of what arrived. */
  sources(): Promise<string[]> {
    return this.elements('sources');
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
