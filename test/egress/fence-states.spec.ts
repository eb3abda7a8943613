import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { DomainError } from '../../src/kernel/domain-error.js';
import { itAlike } from '../support/long-form.js';
import { eventually } from './commands.js';
import { FenceLab } from './fence-lab.js';
import { HostListener } from './host-listener.js';
import { ANSWERED_PORT } from './internet.js';
import { ipv4Packet, sctpInit } from './packets.js';

const METADATA = [
  '169.254.169.254',
  '169.254.170.2',
  '100.100.100.200',
  '192.0.0.192',
  '168.63.129.16',
];
const PRIVATE = ['10.99.0.1', '172.20.0.1', '192.168.7.7', '100.64.0.9', '198.18.0.1', '240.0.0.1'];
const SCTP = 132;
const GRE = 47;

describe.each(['runc', 'runsc'] as const)('the fence around %s', (runtime) => {
  const alike = itAlike(runtime);
  let lab: FenceLab;
  let host: HostListener;

  beforeAll(async () => {
    lab = await FenceLab.create();
    host = await HostListener.start();
  });
  afterEach(async () => {
    await lab.removeAttackers();
    await lab.fence.removeAll();
  });
  afterAll(async () => {
    await host.stop();
    await lab.destroy();
  });

  it('N3 N4 closes an address to TCP, UDP and ICMP, and opens it with a grant', async () => {
    const attacker = await lab.attacker({ runtime });
    expect(await attacker.tcp('203.0.113.1', ANSWERED_PORT)).toBe(true);

    await lab.fence.ensure(lab.bridge);
    expect(await attacker.tcp('203.0.113.2', ANSWERED_PORT)).toBe(false);
    expect(await attacker.udp('203.0.113.2', ANSWERED_PORT)).toBe(false);
    await attacker.shout(['203.0.113.2'], 53);
    await attacker.shout(['203.0.113.2'], 123);
    await attacker.ping('203.0.113.2');
    expect(await lab.internet.addressesSeen(['203.0.113.2'])).toEqual([]);

    await lab.open(attacker);
    expect(await attacker.tcp('203.0.113.3', ANSWERED_PORT)).toBe(true);
    expect(await attacker.udp('203.0.113.3', ANSWERED_PORT)).toBe(true);
    if (runtime === 'runc') {
      // gVisor has no unprivileged ICMP socket.
      await attacker.ping('203.0.113.3');
      expect(await lab.internet.saw('203.0.113.3', 'icmp')).toBe(true);
    }

    await lab.close(attacker);
    expect(await attacker.tcp('203.0.113.4', ANSWERED_PORT)).toBe(false);
    await lab.fence.check();
  });

  alike('N11 keeps an open address from metadata services and private addresses', async () => {
    const attacker = await lab.attacker({ runtime });
    const forbidden = [...METADATA, ...PRIVATE];
    await attacker.shout(forbidden, 80);
    expect(await lab.internet.addressesSeen(forbidden)).toEqual(forbidden);

    await lab.internet.forget();
    await lab.fence.ensure(lab.bridge);
    await lab.open(attacker);
    await attacker.shout([...forbidden, '203.0.113.5'], 80);
    expect(await lab.internet.addressesSeen([...forbidden, '203.0.113.5'])).toEqual([
      '203.0.113.5',
    ]);
    expect(await attacker.connects('169.254.169.254', ANSWERED_PORT)).toBe(false);
  });

  alike(
    'N12 keeps closed and open addresses from every address and service of the host',
    async () => {
      const attacker = await lab.attacker({ runtime });
      const published = await lab.publishedPort();
      const uplink = await lab.hostAddress();
      const hosts = [lab.bridge.gateway, uplink, '172.17.0.1'];
      for (const address of hosts) expect(await attacker.tcp(address, host.port)).toBe(true);
      expect(await attacker.udp(lab.bridge.gateway, host.port)).toBe(true);
      for (const address of hosts) expect(await attacker.connects(address, published)).toBe(true);

      await lab.fence.ensure(lab.bridge);
      for (const state of ['closed', 'open']) {
        if (state === 'open') await lab.open(attacker);
        const heard = host.heard.length;
        for (const address of hosts) expect(await attacker.tcp(address, host.port)).toBe(false);
        await attacker.shout([...hosts, lab.bridge.subnet.replace('.0/24', '.255')], host.port);
        for (const address of hosts)
          expect(await attacker.connects(address, published)).toBe(false);
        expect(host.heard.length).toBe(heard);
      }
      expect(await attacker.tcp('203.0.113.6', ANSWERED_PORT)).toBe(true);
      expect(lab.deniedPeers.includes(attacker.address)).toBe(true);
    },
  );

  alike(
    'lets an open address ask the resolvers of its grant, private ones too, at port 53 alone',
    async () => {
      const attacker = await lab.attacker({ runtime });
      await lab.fence.ensure(lab.bridge);
      await lab.open(attacker, ['10.77.0.53']);
      await attacker.connects('10.77.0.54', 53);
      await attacker.connects('10.77.0.53', 443);
      expect(await lab.internet.addressesSeen(['10.77.0.53', '10.77.0.54'])).toEqual([]);
      await attacker.connects('10.77.0.53', 53);
      await attacker.shout(['10.77.0.53'], 53);
      expect(await lab.internet.saw('10.77.0.53', 'tcp')).toBe(true);
      expect(await lab.internet.saw('10.77.0.53', 'udp')).toBe(true);
    },
  );

  alike('N14 passes no IPv6', async () => {
    const attacker = await lab.attacker({ runtime, ipv6: true });
    const linkLocal = await lab.hostLinkLocal();
    if (runtime === 'runc') {
      const reaches = () => attacker.connects6(linkLocal, host.port);
      await eventually('the host answers by IPv6', reaches);
    }
    await lab.fence.ensure(lab.bridge);
    await lab.open(attacker);
    expect(await attacker.connects6(linkLocal, host.port)).toBe(false);
    expect((await lab.internet.arrivals()).filter((seen) => seen.includes(':'))).toEqual([]);
  });
});

describe('the fence around a container with raw sockets', () => {
  let lab: FenceLab;

  beforeAll(async () => {
    lab = await FenceLab.create();
  });
  afterAll(() => lab.destroy());

  it('N4 closes every protocol, and opens every protocol but source routes', async () => {
    const attacker = await lab.attacker({ raw: true });
    const { address: from } = attacker;
    const sctp = (to: string) =>
      attacker.sendPacket(to, ipv4Packet({ from, to, protocol: SCTP, payload: sctpInit() }));
    const gre = (to: string) => attacker.sendPacket(to, ipv4Packet({ from, to, protocol: GRE }));
    const routed = (to: string) =>
      attacker.sendPacket(to, ipv4Packet({ from, to, protocol: GRE, via: '203.0.113.77' }));
    await lab.setSysctl('net.ipv4.conf.all.accept_source_route', '1');
    await lab.setSysctl(`net.ipv4.conf.${lab.bridge.bridge}.accept_source_route`, '1');
    await sctp('203.0.113.20');
    await routed('203.0.113.19');
    expect(await lab.internet.saw('203.0.113.20', 'sctp')).toBe(true);
    expect(await lab.internet.addressesSeen(['203.0.113.19'])).toEqual(['203.0.113.19']);

    await lab.fence.ensure(lab.bridge);
    await sctp('203.0.113.21');
    await gre('203.0.113.21');
    expect(await lab.internet.addressesSeen(['203.0.113.21'])).toEqual([]);

    await lab.open(attacker);
    await sctp('203.0.113.22');
    await gre('203.0.113.22');
    await routed('203.0.113.23');
    expect(await lab.internet.saw('203.0.113.22', 'sctp')).toBe(true);
    expect(await lab.internet.saw('203.0.113.22', 'gre')).toBe(true);
    expect(await lab.internet.addressesSeen(['203.0.113.23'])).toEqual([]);
  });

  it('takes no packet from an open address under another source address', async () => {
    const attacker = await lab.attacker({ raw: true });
    const victim = await lab.attacker();
    await lab.fence.ensure(lab.bridge);
    await lab.open(attacker);
    await lab.open(victim);
    for (const from of [victim.address, '203.0.113.200', lab.bridge.gateway]) {
      const to = '203.0.113.30';
      await attacker.sendPacket(to, ipv4Packet({ from, to, protocol: GRE }));
    }
    const { address: from } = attacker;
    const to = '203.0.113.31';
    await attacker.sendPacket(to, ipv4Packet({ from, to, protocol: GRE }));
    expect(await lab.internet.addressesSeen(['203.0.113.30', to])).toEqual([to]);
  });
});

describe('a fence that cannot stand', () => {
  it('says why, and refuses with control_unavailable naming the fence', async () => {
    const lab = await FenceLab.create();
    try {
      const elsewhere = { bridge: 'rstabsent', subnet: '10.230.0.0/24', gateway: '10.230.0.1' };
      const refusal: unknown = await lab.fence.ensure(elsewhere).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(DomainError);
      expect(refusal).toMatchObject({ code: 'control_unavailable', details: [{ field: 'fence' }] });
      expect(lab.fence.standing()).toMatchObject({ standing: false });
      await expect(
        lab.fence.grant({
          kind: 'open',
          address: '10.230.0.2',
          mac: '02:00:00:00:00:02',
          resolvers: [],
          seconds: 9,
        }),
      ).rejects.toMatchObject({ code: 'control_unavailable' });
    } finally {
      await lab.destroy();
    }
  });
});
