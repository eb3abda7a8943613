import { randomBytes } from 'node:crypto';

import Docker from 'dockerode';

import { DeniedPeerRanges } from '../../src/auth/denied-peers.js';
import { Fence, type FenceOptions } from '../../src/egress/fence.js';
import type { FencedBridge } from '../../src/egress/fenced-bridge.js';
import { parseListing } from '../../src/egress/fence-listing.js';
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
  private readonly others: Docker.Container[] = [];
  private readonly sysctls: { name: string; before: string }[] = [];
  private name = '';
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
    const bridge = {
      bridge: `rst${id}`,
      subnet: `10.231.${third}.0/24`,
      gateway: `10.231.${third}.1`,
    };
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
    return this.fence.grant({ kind: 'open', address, mac, resolvers, seconds });
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

  /** Until the lab is destroyed. */
  async setSysctl(name: string, value: string): Promise<void> {
    const before = (await mustRun(['sysctl', '-n', name])).trim();
    this.sysctls.unshift({ name, before });
    await mustRun(['sysctl', '-q', '-w', `${name}=${value}`]);
  }

  /** The host's address towards the internet. */
  async hostAddress(): Promise<string> {
    const route = await mustRun(['ip', 'route', 'get', '203.0.113.1']);
    return /src (\S+)/.exec(route)?.[1] ?? '';
  }

  async bridgeMac(): Promise<string> {
    const link = await mustRun(['ip', 'link', 'show', 'dev', this.bridge.bridge]);
    return /link\/ether (\S+)/.exec(link)?.[1] ?? '';
  }

  /** The host's own IPv6 address on the bridge. */
  async hostLinkLocal(): Promise<string> {
    const { bridge } = this.bridge;
    const addresses = await mustRun(['ip', '-6', 'addr', 'show', 'dev', bridge, 'scope', 'link']);
    return /inet6 (\S+)\//.exec(addresses)?.[1] ?? '';
  }

  /** A port at which the engine publishes a container of another network on every host address. */
  async publishedPort(): Promise<number> {
    const container = await this.docker.createContainer({
      Image: 'risoluto-sandbox:latest',
      Entrypoint: ['node'],
      Cmd: ['-e', 'require("net").createServer((s) => s.end("hello")).listen(8000)'],
      ExposedPorts: { '8000/tcp': {} },
      Labels: { [`risoluto.lab.${this.id}`]: '' },
      HostConfig: { PortBindings: { '8000/tcp': [{}] } },
    });
    this.others.push(container);
    await container.start();
    const { NetworkSettings: settings } = await container.inspect();
    return Number(settings.Ports['8000/tcp']?.[0]?.HostPort);
  }

  /** Rules with their handles; set elements left out. */
  async structure(): Promise<string> {
    const list = (family: string) => command(['nft', '-a', 'list', 'table', family, this.table]);
    const tables = await Promise.all(['inet', 'bridge'].map(list));
    return tables.map(({ stdout }) => parseListing(stdout).structure).join('');
  }

  /** Rules and elements, without what a clock changes. */
  async listingWithoutHandles(): Promise<string> {
    return (await this.listing()).replaceAll(/ timeout \S+(?: expires [^,\s]+)?/g, ' timeout');
  }

  /** The script that deletes the first rule of a chain. */
  async deleteRule(family: 'inet' | 'bridge', chain: string): Promise<string> {
    const text = await mustRun(['nft', '-a', 'list', 'chain', family, this.table, chain]);
    const handle = /\n\t\t[^\n]+ # handle (\d+)/.exec(text)?.[1] ?? '';
    return `delete rule ${family} ${this.table} ${chain} handle ${handle}`;
  }

  /** Renames the interface, whatever it is called now. */
  async renameBridge(to: string): Promise<void> {
    const from = this.name || this.bridge.bridge;
    await mustRun(['ip', 'link', 'set', 'dev', from, 'down']);
    await mustRun(['ip', 'link', 'set', 'dev', from, 'name', to]);
    await mustRun(['ip', 'link', 'set', 'dev', to, 'up']);
    this.name = to;
  }

  /** Connection-tracking entries that name the address. */
  async connections(address: string): Promise<string[]> {
    const { stdout } = await command(['conntrack', '-L']);
    return stdout.split('\n').filter((line) => line.includes(`=${address} `));
  }

  async removeAttackers(): Promise<void> {
    await Promise.all([
      ...this.attackers.splice(0).map((attacker) => attacker.remove()),
      ...this.others.splice(0).map((container) => container.remove({ force: true, v: true })),
    ]);
  }

  async destroy(): Promise<void> {
    await this.removeAttackers();
    await this.fence.shutdown();
    for (const { name, before } of this.sysctls)
      await command(['sysctl', '-q', '-w', `${name}=${before}`]);
    await command(['nft', 'delete', 'table', 'inet', this.table]);
    await command(['nft', 'delete', 'table', 'bridge', this.table]);
    await this.docker.getNetwork(this.bridge.bridge).remove();
    await this.internet.stop();
  }
}
