import { mustRun } from './commands.js';

/**
 * Notes what of a bridge reached the host, was forwarded, or was sent to the bridge by the host, after
 * the fence has had its say.
 */
export class HostArrivals {
  private constructor(private readonly table: string) {}

  static async start(id: string, bridge: string): Promise<HostArrivals> {
    const table = `arrivals_${id}`;
    await mustRun(
      ['nft', '-f', '-'],
      `table inet ${table} {
        set into { type ipv4_addr . ipv4_addr . inet_proto . inet_service; flags dynamic; size 65535; }
        set into_other { type ipv4_addr . ipv4_addr . inet_proto; flags dynamic; size 65535; }
        set into6 { type ipv6_addr . ipv6_addr . inet_proto; flags dynamic; size 65535; }
        set through { type ipv4_addr . ipv4_addr . inet_proto; flags dynamic; size 65535; }
        set sent { type ipv4_addr . ipv4_addr . inet_proto . inet_service; flags dynamic; size 65535; }
        set sent_other { type ipv4_addr . ipv4_addr . inet_proto; flags dynamic; size 65535; }
        chain input {
          type filter hook input priority 0; policy accept;
          iifname "${bridge}" meta l4proto { tcp, udp, sctp } add @into { ip saddr . ip daddr . ip protocol . th dport }
          iifname "${bridge}" meta l4proto != { tcp, udp, sctp } add @into_other { ip saddr . ip daddr . ip protocol }
          iifname "${bridge}" add @into6 { ip6 saddr . ip6 daddr . meta l4proto }
        }
        chain forward {
          type filter hook forward priority -150; policy accept;
          iifname "${bridge}" add @through { ip saddr . ip daddr . ip protocol }
          oifname "${bridge}" add @through { ip saddr . ip daddr . ip protocol }
        }
        chain output {
          type filter hook output priority 0; policy accept;
          oifname "${bridge}" meta l4proto { tcp, udp } add @sent { ip saddr . ip daddr . ip protocol . th sport }
          oifname "${bridge}" meta l4proto != { tcp, udp } add @sent_other { ip saddr . ip daddr . ip protocol }
        }
      }`,
    );
    return new HostArrivals(table);
  }

  /** `source . destination . protocol . port`, sorted; the port only of TCP, UDP and SCTP. */
  async into(): Promise<string[]> {
    const sets = ['into', 'into_other', 'into6'].map((set) => this.elements(set));
    return (await Promise.all(sets)).flat().sort();
  }

  /** `source . destination . protocol` of all that was forwarded from or to the bridge. */
  through(): Promise<string[]> {
    return this.elements('through');
  }

  /** As `into`, of what the host itself sent to the bridge; the port is the host's. */
  async sent(): Promise<string[]> {
    return (await Promise.all(['sent', 'sent_other'].map((set) => this.elements(set)))).flat();
  }

  async forget(): Promise<void> {
    const sets = ['into', 'into_other', 'into6', 'through', 'sent', 'sent_other'];
    const script = sets.map((set) => `flush set inet ${this.table} ${set}\n`).join('');
    await mustRun(['nft', '-f', '-'], script);
  }

  async stop(): Promise<void> {
    await mustRun(['nft', 'delete', 'table', 'inet', this.table]);
  }

  private async elements(set: string): Promise<string[]> {
    const text = await mustRun(['nft', '-n', 'list', 'set', 'inet', this.table, set]);
    const body = /elements = \{([^}]*)\}/.exec(text)?.[1] ?? '';
    return body
      .split(',')
      .map((element) => element.trim())
      .filter((element) => element !== '');
  }
}
