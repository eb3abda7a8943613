import { randomBytes } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { itAlike } from '../support/long-form.js';
import type { Attacker } from './attacker.js';
import { command, eventually, mustRun } from './commands.js';
import { FenceLab } from './fence-lab.js';
import { arpReply, ethernetFrame } from './packets.js';

const PORT = 7000;
const EXPERIMENTAL = 0x88b5;
const BROADCAST = 'ff:ff:ff:ff:ff:ff';

describe.each(['runc', 'runsc'] as const)('neighbours behind the fence, %s', (runtime) => {
  const alike = itAlike(runtime);
  let lab: FenceLab;
  let attacker: Attacker;
  let victim: Attacker;

  beforeAll(async () => {
    lab = await FenceLab.create();
    // Without it, the engine's own rules against inter-container traffic are not asked.
    await lab.setSysctl('net.bridge.bridge-nf-call-iptables', '0');
    await lab.setSysctl('net.bridge.bridge-nf-call-ip6tables', '0');
  });
  beforeEach(async () => {
    attacker = await lab.attacker({ runtime });
    victim = await lab.attacker({ runtime });
    await victim.serve(PORT);
  });
  afterEach(async () => {
    await lab.removeAttackers();
    await lab.fence.removeAll();
  });
  afterAll(() => lab.destroy());

  it('N13 do not reach each other, closed or open, with bridge-nf-call-iptables=0', async () => {
    expect(await attacker.tcp(victim.address, PORT)).toBe(true);
    await lab.fence.ensure(lab.bridge);
    expect(await attacker.tcp(victim.address, PORT)).toBe(false);
    await lab.open(attacker);
    await lab.open(victim);
    expect(await attacker.tcp(victim.address, PORT)).toBe(false);
    await lab.fence.check();
    expect(await attacker.tcp(victim.address, PORT)).toBe(false);
  });

  alike('N13 do not see each other by ARP', async () => {
    await attacker.tcp(victim.address, PORT);
    if (runtime === 'runc') expect(await attacker.knowsMacOf(victim.address)).toBe(true);
    const later = await lab.attacker({ runtime });
    await lab.fence.ensure(lab.bridge);
    await lab.open(later);
    await lab.open(victim);
    await later.tcp(victim.address, PORT);
    expect(await later.knowsMacOf(victim.address)).toBe(false);
    await later.tcp('203.0.113.40', PORT);
    if (runtime === 'runc') expect(await later.knowsMacOf(lab.bridge.gateway)).toBe(true);
  });

  alike('are not reached from the host, nor from a machine beside it', async () => {
    const outside = await Outside.join(lab);
    try {
      const fromHost = () => connects([], victim.address);
      const fromOutside = () => connects(outside.enter, victim.address);
      expect(await Promise.all([fromHost(), fromOutside()])).toEqual([true, true]);
      await lab.fence.ensure(lab.bridge);
      expect(await Promise.all([fromHost(), fromOutside()])).toEqual([false, false]);
      await lab.open(victim);
      expect(await Promise.all([fromHost(), fromOutside()])).toEqual([false, false]);
    } finally {
      await outside.leave();
    }
  });
});

describe('neighbours with raw sockets behind the fence', () => {
  let lab: FenceLab;

  beforeAll(async () => {
    lab = await FenceLab.create();
    await lab.setSysctl('net.bridge.bridge-nf-call-iptables', '0');
    await lab.setSysctl('net.bridge.bridge-nf-call-ip6tables', '0');
  });
  afterAll(() => lab.destroy());

  it('N13 pass no frame to each other, whatever it holds', async () => {
    const attacker = await lab.attacker({ raw: true });
    const victim = await lab.attacker({ raw: true });
    await victim.listenForFrames();
    const lie = arpReply(lab.bridge.gateway, attacker.mac, victim.address, victim.mac);
    const stranger = '02:99:99:99:99:99';
    const frames = (mark: string) => [
      ethernetFrame(victim.mac, attacker.mac, EXPERIMENTAL, Buffer.from(`${mark}-unicast`)),
      ethernetFrame(BROADCAST, attacker.mac, EXPERIMENTAL, Buffer.from(`${mark}-broadcast`)),
      ethernetFrame(BROADCAST, stranger, EXPERIMENTAL, Buffer.from(`${mark}-stranger`)),
      ethernetFrame(victim.mac, attacker.mac, 0x86dd, Buffer.from(`${mark}-ipv6`)),
      ethernetFrame(victim.mac, attacker.mac, 0x0806, Buffer.concat([lie, Buffer.from(mark)])),
    ];
    for (const frame of frames('unfenced')) await attacker.sendFrame(frame);
    const before = await victim.framesHeard();
    for (const kind of ['unicast', 'broadcast', 'stranger', 'ipv6']) {
      expect(before).toContain(`unfenced-${kind}`);
    }

    await lab.fence.ensure(lab.bridge);
    await lab.open(victim);
    for (const state of ['closed', 'open']) {
      if (state === 'open') await lab.open(attacker);
      for (const frame of frames(state)) await attacker.sendFrame(frame);
    }
    const after = await victim.framesHeard();
    expect(after).not.toContain('closed');
    expect(after).not.toContain('open');
  });

  it('cannot make the host believe that a neighbour’s address is theirs', async () => {
    const attacker = await lab.attacker({ raw: true });
    const victim = await lab.attacker();
    const { gateway, bridge } = lab.bridge;
    const hostMac = await lab.bridgeMac();
    const lie = ethernetFrame(
      hostMac,
      attacker.mac,
      0x0806,
      arpReply(victim.address, attacker.mac, gateway, hostMac),
    );
    const hostBelieves = async () => {
      const entry = await mustRun(['ip', 'neigh', 'show', victim.address, 'dev', bridge]);
      return /lladdr (\S+)/.exec(entry)?.[1];
    };
    await lab.fence.removeAll();
    await victim.tcp(gateway, PORT);
    expect(await hostBelieves()).toBe(victim.mac);
    // The kernel keeps what it has just learned for a second.
    await eventually('the host believes the lie', async () => {
      await attacker.sendFrame(lie);
      return (await hostBelieves()) === attacker.mac;
    });

    await mustRun(['ip', 'neigh', 'flush', 'dev', bridge]);
    await lab.fence.ensure(lab.bridge);
    await lab.open(attacker);
    await lab.open(victim);
    await victim.tcp('203.0.113.41', PORT);
    expect(await hostBelieves()).toBe(victim.mac);
    for (let lies = 0; lies < 10; lies += 1) {
      await attacker.sendFrame(lie);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    expect(await hostBelieves()).toBe(victim.mac);
  });
});

async function connects(enter: readonly string[], address: string): Promise<boolean> {
  const connect = `timeout 3 bash -c 'exec 3<>/dev/tcp/${address}/${PORT}'`;
  return (await command([...enter, 'bash', '-c', connect])).code === 0;
}

/** Another machine in the host's network, which knows the way to the sandboxes. */
class Outside {
  private constructor(private readonly name: string) {}

  static async join(lab: FenceLab): Promise<Outside> {
    const name = `rso${randomBytes(4).toString('hex')}`;
    const outside = new Outside(name);
    await mustRun(['ip', 'netns', 'add', name]);
    await mustRun([
      'ip',
      'link',
      'add',
      name,
      'type',
      'veth',
      'peer',
      'name',
      'lan',
      'netns',
      name,
    ]);
    await mustRun(['ip', 'address', 'add', '192.0.2.1/30', 'dev', name]);
    await mustRun(['ip', 'link', 'set', name, 'up']);
    await mustRun([...outside.enter, 'ip', 'address', 'add', '192.0.2.2/30', 'dev', 'lan']);
    await mustRun([...outside.enter, 'ip', 'link', 'set', 'lan', 'up']);
    await mustRun([...outside.enter, 'ip', 'route', 'add', lab.bridge.subnet, 'via', '192.0.2.1']);
    return outside;
  }

  get enter(): readonly string[] {
    return ['nsenter', `--net=/run/netns/${this.name}`];
  }

  async leave(): Promise<void> {
    await mustRun(['ip', 'link', 'delete', this.name]);
    await mustRun(['ip', 'netns', 'delete', this.name]);
  }
}
