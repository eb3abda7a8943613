import { randomBytes } from 'node:crypto';

import Docker from 'dockerode';

import { DeniedPeerRanges } from '../../src/auth/denied-peers.js';
import { Fence, type FenceOptions } from '../../src/egress/fence.js';
import type { FencedBridge } from '../../src/egress/fenced-bridge.js';
import { LocalFenceBackend } from '../../src/egress/local-fence-backend.js';
import { tableName } from '../../src/egress/ruleset.js';
import { SystemClock } from '../../src/kernel/clock.js';
import { Attacker, type AttackerOptions } from './attacker.js';
import { command, mustRun } from './commands.js';
import { Internet } from './internet.js';

/** A bridge network with containers on it, a fence of its own, and the internet beyond. */
export class FenceLab {
  readonly docker = new Docker();
  readonly deniedPeers = new DeniedPeerRanges();
  readonly fence: Fence;
  private readonly attackers: Attacker[] = [];
  private next = 10;

  private constructor(
    readonly id: string,
    readonly bridge: FencedBridge,
    readonly internet: Internet,
  ) {
    this.fence = this.anotherFence();
  }

  static async create(): Promise<FenceLab> {
    const id = randomBytes(4).toString('hex');
    const third = randomBytes(1)[0] ?? 0;
    const bridge = { bridge: `rst${id}`, subnet: `10.231.${third}.0/24`, gateway: `10.231.${third}.1` };
    const internet = await Internet.start(id);
    const lab = new FenceLab(id, bridge, internet);
    await lab.docker.createNetwork({
      Name: bridge.bridge,
      Driver: 'bridge',
      IPAM: { Driver: 'default', Config: [{ Subnet: bridge.subnet, Gateway: bridge.gateway }] },
      Options: {
        'com.docker.network.bridge.name': bridge.bridge,
        'com.docker.network.bridge.enable_icc': 'false',
      },
    });
    return lab;
  }

  get table(): string {
    return tableName(this.id);
  }

  /** As a new process of the same instance would make it. */
  anotherFence(options: Partial<FenceOptions> = {}): Fence {
    return new Fence({
      table: this.table,
      backends: [new LocalFenceBackend()],
      deniedPeers: this.deniedPeers,
      clock: new SystemClock(),
      watchIntervalMs: 200,
      ...options,
    });
  }

  /** With an address and a MAC of its own, unless `options` say which. */
  async attacker(options: Partial<AttackerOptions> = {}): Promise<Attacker> {
    this.next += 1;
    const attacker = await Attacker.start(this.docker, {
      network: this.bridge.bridge,
      address: this.bridge.gateway.replace(/\.1$/, `.${this.next}`),
      mac: `02:${randomBytes(5).toString('hex').match(/../g)?.join(':')}`,
      runtime: 'runc',
      label: `risoluto.lab.${this.id}`,
      ...options,
    });
    this.attackers.push(attacker);
    return attacker;
  }

  open({ address, mac }: Attacker, resolvers: string[] = [], seconds = 600): Promise<void> {
    return this.fence.grantOpen({ address, mac, resolvers, seconds });
  }

  close({ address, mac }: Attacker): Promise<void> {
    return this.fence.revoke(address, mac);
  }

  /** `nft` in the namespace of the host. */
  nft(script: string): Promise<string> {
    return mustRun(['nft', '-f', '-'], script);
  }

  async listing(): Promise<string> {
    const tables = await Promise.all(
      ['inet', 'bridge'].map((family) => command(['nft', 'list', 'table', family, this.table])),
    );
    return tables.map(({ stdout }) => stdout).join('');
  }

  /** Connection-tracking entries that name the address. */
  async connections(address: string): Promise<string[]> {
    const { stdout } = await command(['conntrack', '-L']);
    return stdout.split('\n').filter((line) => line.includes(`=${address} `));
  }

  async removeAttackers(): Promise<void> {
    await Promise.all(this.attackers.splice(0).map((attacker) => attacker.remove()));
  }

  async destroy(): Promise<void> {
    await this.removeAttackers();
    await this.fence.shutdown();
    await command(['nft', 'delete', 'table', 'inet', this.table]);
    await command(['nft', 'delete', 'table', 'bridge', this.table]);
    await this.docker.getNetwork(this.bridge.bridge).remove();
    await this.internet.stop();
  }
}
