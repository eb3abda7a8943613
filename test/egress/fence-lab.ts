import { randomBytes, randomInt } from 'node:crypto';

import Docker from 'dockerode';

import { DeniedPeerRanges } from '../../src/auth/denied-peers.js';
import type { FenceOptions } from '../../src/egress/fence-contract.js';
import { Fence } from '../../src/egress/fence.js';
import type { FencedBridge, Grant } from '../../src/egress/fenced-bridge.js';
import { parseListing } from '../../src/egress/fence-listing.js';
import { LocalFenceBackend } from '../../src/egress/local-fence-backend.js';
import { tableName } from '../../src/egress/ruleset.js';
import { SystemClock } from '../../src/kernel/clock.js';
import { Attacker, type AttackerOptions } from './attacker.js';
import { command, mustRun } from './commands.js';
import { Internet } from './internet.js';

export interface LabBridgeOptions {
  /** Filtered: its addresses reach at most one port of the gateway. */
  filtered?: boolean;
  /** Made with `--internal`. */
  internal?: boolean;
}

/** A bridge network with containers on it, a fence of its own, and the internet beyond. */
export class FenceLab {
  readonly docker = new Docker();
  readonly deniedPeers = new DeniedPeerRanges();
  readonly fence: Fence;
  private readonly attackers: Attacker[] = [];
  private readonly others: Docker.Container[] = [];
  private readonly sysctls: { name: string; before: string }[] = [];
  private readonly networks: string[] = [];
  private name = '';
  private next = 10;

  private constructor(
    readonly id: string,
    readonly bridge: FencedBridge,
    readonly internet: Internet,
  ) {
    this.fence = this.anotherFence();
  }

  static async create(options: LabBridgeOptions = {}): Promise<FenceLab> {
    const id = randomBytes(4).toString('hex');
    const bridge = bridgeOf(`rst${id}`, options);
    const lab = new FenceLab(id, bridge, await Internet.start(id));
    await lab.createNetwork(bridge, options);
    return lab;
  }

  /** One more network, whose containers name it as theirs. */
  async anotherBridge(options: LabBridgeOptions): Promise<FencedBridge> {
    const bridge = bridgeOf(`rsu${this.id}`, options);
    await this.createNetwork(bridge, options);
    return bridge;
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
  async attacker(
    options: Partial<AttackerOptions> = {},
    { bridge, gateway }: FencedBridge = this.bridge,
  ): Promise<Attacker> {
    this.next += 1;
    const attacker = await Attacker.start(this.docker, {
      network: bridge,
      address: gateway.replace(/\.1$/, `.${this.next}`),
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

  toGateway({ address, mac }: Attacker, seconds = 600): Promise<void> {
    const grant: Grant = { kind: 'gateway', address, mac, seconds };
    return this.fence.grant(grant);
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
    for (const name of this.networks) await this.docker.getNetwork(name).remove();
    await this.internet.stop();
  }

  private async createNetwork(
    { bridge, subnet, gateway }: FencedBridge,
    { internal = false }: LabBridgeOptions,
  ): Promise<void> {
    await this.docker.createNetwork({
      Name: bridge,
      Driver: 'bridge',
      Internal: internal,
      IPAM: { Driver: 'default', Config: [{ Subnet: subnet, Gateway: gateway }] },
      Options: {
        'com.docker.network.bridge.name': bridge,
        'com.docker.network.bridge.enable_icc': 'false',
      },
    });
    this.networks.push(bridge);
  }
}

function bridgeOf(name: string, { filtered = false }: LabBridgeOptions): FencedBridge {
  const third = randomBytes(1)[0] ?? 0;
  const second = name.startsWith('rst') ? 231 : 232;
  return {
    bridge: name,
    subnet: `10.${second}.${third}.0/24`,
    gateway: `10.${second}.${third}.1`,
    gatewayPort: filtered ? 20_000 + randomInt(10_000) : null,
  };
}
