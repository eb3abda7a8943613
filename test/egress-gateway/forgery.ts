import { randomBytes } from 'node:crypto';

import { mustRun } from '../egress/commands.js';
import { engine } from '../support/engine.js';
import type { Probe } from './probed.js';

/** Sends one Ethernet frame as it is, because nobody answers an ARP of who has no grant. */
export function sending(frame: Buffer): Probe {
  const script = `perl -MSocket -e 'socket(S, 17, 3, 0) or die $!;
    open(F, "/sys/class/net/eth0/ifindex"); $index = <F> + 0;
    send(S, pack("H*", "${frame.toString('hex')}"), 0, pack("SnlSCCa8", 17, 3, $index, 0, 0, 6, "")) or die $!'`;
  return { do: 'bash', script };
}

/** Counts the beginnings of connections from an address to a port, before the fence and behind it. */
export class Counters {
  private constructor(
    private readonly table: string,
    /** Of the gateway, as its network sees it. */
    readonly gatewayMac: string,
  ) {}

  static async place(network: string, address: string, port: number): Promise<Counters> {
    const { Options } = (await engine().getNetwork(network).inspect()) as {
      Options: Record<string, string>;
    };
    const bridge = Options['com.docker.network.bridge.name'] ?? '';
    const table = `count_${randomBytes(4).toString('hex')}`;
    const syn = `ip saddr ${address} tcp dport ${port} tcp flags syn counter`;
    const script = `table bridge ${table} {
        chain before {
          type filter hook prerouting priority -301;
          ${syn}
        }
      }
      table inet ${table} {
        chain behind {
          type filter hook input priority 0;
          iifname "${bridge}" ${syn}
        }
      }`;
    await mustRun(['nft', '-f', '-'], script);
    const link = await mustRun(['ip', 'link', 'show', 'dev', bridge]);
    return new Counters(table, /link\/ether (\S+)/.exec(link)?.[1] ?? '');
  }

  async read(): Promise<{ before: number; behind: number }> {
    return { before: await this.packets('bridge'), behind: await this.packets('inet') };
  }

  async remove(): Promise<void> {
    for (const family of ['bridge', 'inet']) {
      await mustRun(['nft', 'delete', 'table', family, this.table]);
    }
  }

  private async packets(family: string): Promise<number> {
    const text = await mustRun(['nft', 'list', 'table', family, this.table]);
    return Number(/counter packets (\d+)/.exec(text)?.[1]);
  }
}
