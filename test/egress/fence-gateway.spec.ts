import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { FenceBreak } from '../../src/egress/fence-contract.js';
import type { GatewayGrant } from '../../src/egress/fenced-bridge.js';
import type { Attacker } from './attacker.js';
import { eventually } from './commands.js';
import { GatewayLab } from './gateway-lab.js';
import { ANSWERED_PORT } from './internet.js';
import { arpRequest, ethernetFrame, ipv4Packet, sctpInit, tcpPacket } from './packets.js';
import { answering, HeldConnection, knock, type Target } from './reach.js';

const RUNTIMES = ['runc', 'runsc'] as const;
const FAR = '203.0.113.80';
const METADATA = '169.254.169.254';
const NEIGHBOUR_PORT = 7000;
const ALL_PORTS = { first: 1, last: 65_535 };
const SOME_PORTS = { first: 21, last: 90 };
const IPV4 = 0x0800;
const ARP = 0x0806;
const GRE = 47;
const SCTP = 132;
const BROADCAST = 'ff:ff:ff:ff:ff:ff';
/** A loose source route by way of `FAR` that has been followed to its end. */
const FOLLOWED_ROUTE = [131, 7, 8, 203, 0, 113, 80, 0];

const moment = (milliseconds: number) =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

const grantOf = ({ address, mac }: Attacker): GatewayGrant => ({
  kind: 'gateway',
  address,
  mac,
  seconds: 600,
});

describe('the gateway state, on a network that the engine lets out', () => {
  let world: GatewayLab;

  beforeAll(async () => {
    world = await GatewayLab.create({ internal: false });
  });
  afterEach(async () => {
    await world.lab.removeAttackers();
    await world.lab.fence.removeAll();
  });
  afterAll(() => world.destroy());

  it('N3 N4 N11 N12 N13 N14 lets a pair to the gateway’s port and to nothing else', async () => {
    const { lab, host, arrivals, port } = world;
    const { gateway } = lab.bridge;
    const [subjects, neighbour, uplink, published, linkLocal] = await Promise.all([
      Promise.all(RUNTIMES.map((runtime) => lab.attacker({ runtime, ipv6: true }))),
      lab.attacker(),
      lab.hostAddress(),
      lab.publishedPort(),
      lab.hostLinkLocal(),
    ]);
    await neighbour.serve(NEIGHBOUR_PORT);
    const hosts = [gateway, uplink, '172.17.0.1'];
    const forbidden: Target[] = [
      ...hosts.map((address): Target => `tcp ${address} ${host.port}`),
      ...hosts.map((address): Target => `udp ${address} ${host.port}`),
      ...hosts.map((address): Target => `tcp ${address} ${published}`),
      `tcp ${neighbour.address} ${NEIGHBOUR_PORT}`,
      `tcp ${FAR} ${ANSWERED_PORT}`,
      `udp ${FAR} ${ANSWERED_PORT}`,
      `tcp ${METADATA} ${ANSWERED_PORT}`,
    ];
    const tryAll = async (subject: Attacker) => {
      const [answered] = await Promise.all([
        answering(subject, [port, ...forbidden]),
        ...[gateway, uplink].map((address) => knock(subject, address, SOME_PORTS)),
        subject.ping(gateway),
        subject.shout([gateway.replace(/\.1$/, '.255'), gateway, FAR], 53),
        subject.connects6(linkLocal, host.port),
      ]);
      return answered;
    };
    const allTry = () => Promise.all(subjects.map(tryAll));
    const forget = () => Promise.all([arrivals.forget(), lab.internet.forget()]);

    const all = [port, ...forbidden];
    expect(await allTry()).toEqual([all, all]);
    const arrived = (await arrivals.into()).join('\n');
    for (const { address } of subjects) {
      for (const to of [gateway, uplink]) {
        expect(arrived).toContain(`${address} . ${to} . 6 . 22\n`);
        expect(arrived).toContain(`${address} . ${to} . 17 . 53\n`);
      }
    }
    expect(arrived).toContain(`${subjects[0]?.address} . ${gateway} . 1\n`);
    expect(arrived).toContain('fe80:');
    expect(await lab.internet.addressesSeen([FAR, METADATA])).toEqual([FAR, METADATA]);

    await lab.fence.ensure(lab.bridge);
    await forget();
    const closed = subjects.map((subject) => answering(subject, [port]));
    expect(await Promise.all(closed)).toEqual([[], []]);

    await Promise.all(subjects.map((subject) => lab.toGateway(subject)));
    expect(await allTry()).toEqual([[port], [port]]);
    const passed = subjects.map(({ address }) => world.arrivalOf(address)).sort();
    expect(await arrivals.into()).toEqual(passed);
    await knock(subjects[0] as Attacker, gateway, ALL_PORTS);
    expect(await arrivals.into()).toEqual(passed);
    const answers = (await arrivals.sent()).map((sent) => sent.split(' . ').at(-1));
    expect(new Set(answers)).toEqual(new Set([String(lab.bridge.gatewayPort)]));
    expect(await arrivals.through()).toEqual([]);
    expect(await lab.internet.addressesSeen([FAR, METADATA])).toEqual([]);

    await Promise.all(subjects.map((subject) => lab.close(subject)));
    await forget();
    expect(await allTry()).toEqual([[], []]);
    expect([await arrivals.into(), await arrivals.sent()]).toEqual([[], []]);
    await lab.fence.check();
  });
});

describe('a connection to the gateway, on an internal network', () => {
  let world: GatewayLab;

  beforeAll(async () => {
    world = await GatewayLab.create({ internal: true });
  });
  afterEach(async () => {
    await world.lab.removeAttackers();
    await world.lab.fence.removeAll();
  });
  afterAll(() => world.destroy());

  it('N21 is cut at once by taking the grant back, stays dead in the next turn, and ends with its grant', async () => {
    const { lab, gateway, port } = world;
    await lab.fence.ensure(lab.bridge);
    const subjects = await Promise.all(RUNTIMES.map((runtime) => lab.attacker({ runtime })));
    const brief = await lab.attacker();
    await Promise.all(subjects.map((subject) => lab.toGateway(subject)));
    const open = (attacker: Attacker, ticks: boolean) =>
      HeldConnection.open(attacker, gateway.at, { first: 'drip', ticks });
    const held = await Promise.all(subjects.map((subject) => open(subject, true)));
    const hear = () => Promise.all(held.map((connection) => connection.hears()));
    expect(await hear()).toEqual([true, true]);

    await lab.toGateway(brief, 4);
    const ending = await open(brief, false);
    await Promise.all(subjects.map((subject) => lab.close(subject)));
    gateway.heard = '';
    expect(await hear()).toEqual([false, false]);
    for (const { address } of subjects) expect(await lab.connections(address)).toEqual([]);

    await Promise.all(subjects.map((subject) => lab.toGateway(subject)));
    const next = () => Promise.all(subjects.map((subject) => answering(subject, [port])));
    expect(await next()).toEqual([[port], [port]]);
    // Both ends go on trying to be heard.
    await moment(2500);
    expect(gateway.heard).not.toContain('tick');
    expect([await hear(), await ending.hears()]).toEqual([[false, false], false]);
    expect(await answering(brief, [port])).toEqual([]);
    await lab.fence.check();
  });

  it('N21 is not inherited by the next container on the address, which may forge what it likes', async () => {
    const { lab, gateway, arrivals, port } = world;
    await lab.fence.ensure(lab.bridge);
    const first = await lab.attacker({ raw: true });
    await lab.toGateway(first);
    await HeldConnection.open(first, gateway.at, { first: 'silent' });
    const [fromPort = 0] = gateway.peers();
    await lab.close(first);
    await first.remove();

    const { address, mac } = first;
    const next = await lab.attacker({ raw: true, address, mac });
    await lab.toGateway(next);
    await arrivals.forget();
    gateway.say('for another');
    const to = gateway.at.address;
    const toPort = gateway.at.port;
    await next.sendPacket(to, tcpPacket({ from: address, to, fromPort, toPort, kind: 'data' }));
    await moment(500);
    expect([await arrivals.into(), await arrivals.sent()]).toEqual([[], []]);
    await next.sendPacket(to, tcpPacket({ from: address, to, fromPort: 9, toPort }));
    expect(await arrivals.into()).toEqual([world.arrivalOf(address)]);
    expect(await answering(next, [port])).toEqual([port]);
  });

  it('goes on when a second bridge is fenced beside its own, each with its own kind of grant', async () => {
    const { lab, gateway, port } = world;
    await lab.fence.ensure(lab.bridge);
    const filtered = await lab.attacker();
    await lab.toGateway(filtered);
    const live = await HeldConnection.open(filtered, gateway.at, { first: 'drip' });
    const other = await lab.anotherBridge({});
    const open = await lab.attacker({}, other);
    await lab.fence.ensure(other);
    await lab.open(open);
    expect(await live.hears()).toBe(true);
    expect(lab.fence.summary()).toMatchObject({ open: 1, gateway: 1 });
    const far: Target = `tcp ${FAR} ${ANSWERED_PORT}`;
    const both = () =>
      Promise.all([answering(filtered, [port, far]), answering(open, [port, far])]);
    expect(await both()).toEqual([[port], [far]]);
    await expect(lab.open(filtered)).rejects.toThrow(TypeError);
    await expect(lab.toGateway(open)).rejects.toThrow(TypeError);

    // What the next process does for the sandboxes that live on.
    await lab.fence.shutdown();
    const next = lab.anotherFence();
    await next.ensureAll([
      { bridge: lab.bridge, kept: [grantOf(filtered)] },
      { bridge: other, kept: [] },
    ]);
    expect(await live.hears()).toBe(true);
    expect(await both()).toEqual([[port], []]);
    await next.shutdown();
  });

  it('survives rules that were flushed or deleted, which the watch places again', async () => {
    const { lab, gateway, port, host } = world;
    await lab.fence.ensure(lab.bridge);
    const [granted, closed] = [await lab.attacker(), await lab.attacker()];
    await lab.toGateway(granted);
    const live = await HeldConnection.open(granted, gateway.at, { first: 'drip' });
    const { table } = lab;
    const { address, mac } = closed;
    const noticed = [
      `flush table inet ${table}`,
      `flush table bridge ${table}`,
      `delete table inet ${table}\ndelete table bridge ${table}`,
    ];
    const found = [
      `flush set inet ${table} gateway`,
      `add element bridge ${table} gateway { ${address} . ${mac} }`,
      `add element inet ${table} gateway { ${address} . ${mac} timeout 1h }`,
      `insert rule inet ${table} to_gateway accept`,
      `insert rule inet ${table} output accept`,
    ];
    const breaks: FenceBreak[] = [];
    const stop = lab.fence.watch((broken) => breaks.push(broken));
    const before = await lab.listingWithoutHandles();
    for (const [index, change] of [...noticed, ...found].entries()) {
      await lab.nft(change);
      if (index >= noticed.length) await lab.fence.check();
      await eventually(`repaired: ${change}`, () => breaks.length > index, 5000);
    }
    expect(await lab.listingWithoutHandles()).toBe(before);
    stop();
    expect(breaks.every(({ repaired }) => repaired)).toBe(true);
    const others: Target[] = [`tcp ${lab.bridge.gateway} ${host.port}`];
    expect(await live.hears()).toBe(true);
    expect(await answering(granted, [port, ...others])).toEqual([port]);
    expect(await answering(closed, [port, ...others])).toEqual([]);
  });
});

describe('a container with raw sockets on a filtered bridge', () => {
  let world: GatewayLab;
  let attacker: Attacker;
  let victim: Attacker;

  beforeAll(async () => {
    world = await GatewayLab.create({ internal: false });
    [attacker, victim] = (await Promise.all(
      [0, 1].map(() => world.lab.attacker({ raw: true })),
    )) as [Attacker, Attacker];
  });
  afterAll(() => world.destroy());

  it('forges no address and no MAC, and passes neither IP options nor another protocol', async () => {
    const { lab, arrivals, gateway } = world;
    const { address: to, port: toPort } = gateway.at;
    const hostMac = await lab.bridgeMac();
    const syn = (from: string, options?: number[]) =>
      tcpPacket({ from, to, fromPort: 4000, toPort, ...(options && { options }) });
    const packet = (protocol: number, payload?: Buffer) =>
      ipv4Packet({ from: attacker.address, to, protocol, ...(payload && { payload }) });
    const stranger = '203.0.113.200';
    const frame = (mac: string, from: string) => ethernetFrame(hostMac, mac, IPV4, syn(from));
    const forge = async () => {
      await attacker.sendPacket(to, syn(victim.address));
      await attacker.sendPacket(to, syn(stranger));
      await attacker.sendPacket(to, packet(GRE));
      await attacker.sendPacket(to, packet(SCTP, sctpInit()));
    };
    const forgePair = async () => {
      await attacker.sendFrame(frame('02:99:99:99:99:99', attacker.address));
      await attacker.sendPacket(to, syn(attacker.address, FOLLOWED_ROUTE));
    };
    for (const name of ['all', lab.bridge.bridge]) {
      await lab.setSysctl(`net.ipv4.conf.${name}.accept_source_route`, '1');
      await lab.setSysctl(`net.ipv4.conf.${name}.rp_filter`, '0');
    }
    const own = world.arrivalOf(attacker.address);

    await attacker.sendFrame(frame('02:99:99:99:99:99', attacker.address));
    expect(await arrivals.into()).toEqual([own]);
    await arrivals.forget();
    await attacker.sendPacket(to, syn(attacker.address, FOLLOWED_ROUTE));
    expect(await arrivals.into()).toEqual([own]);
    await forge();
    expect(await arrivals.into()).toEqual(
      [
        own,
        world.arrivalOf(victim.address),
        world.arrivalOf(stranger),
        `${attacker.address} . ${to} . ${GRE}`,
        `${attacker.address} . ${to} . ${SCTP} . 9`,
      ].sort(),
    );

    await lab.fence.ensure(lab.bridge);
    await Promise.all([lab.toGateway(attacker), lab.toGateway(victim)]);
    await arrivals.forget();
    await forge();
    await forgePair();
    expect(await arrivals.into()).toEqual([]);
    await attacker.sendPacket(to, syn(attacker.address));
    expect(await arrivals.into()).toEqual([own]);
    // A closed one does not get there under the address of one that is granted.
    await lab.close(attacker);
    await arrivals.forget();
    await forge();
    expect(await arrivals.into()).toEqual([]);
  });

  it('N13 neither sees a neighbour nor hears its frames, and is answered for the gateway alone', async () => {
    const { lab } = world;
    const { gateway } = lab.bridge;
    await lab.fence.removeAll();
    await Promise.all([attacker.listenForFrames(), victim.listenForFrames()]);
    const ask = (mark: string) =>
      ethernetFrame(
        BROADCAST,
        attacker.mac,
        ARP,
        Buffer.concat([
          arpRequest(attacker.address, attacker.mac, victim.address),
          Buffer.from(mark),
        ]),
      );
    await attacker.sendFrame(ask('unhindered'));
    await eventually('it is asked', async () =>
      (await victim.framesHeard()).includes('unhindered'),
    );

    await lab.fence.ensure(lab.bridge);
    await Promise.all([lab.toGateway(attacker), lab.toGateway(victim)]);
    await attacker.sendFrame(ask('hindered-by-it'));
    await answering(attacker, [`tcp ${victim.address} ${NEIGHBOUR_PORT}`, world.port]);
    expect(await victim.framesHeard()).not.toContain('hindered-by-it');
    expect(await attacker.knowsMacOf(victim.address)).toBe(false);
    expect(await attacker.knowsMacOf(gateway)).toBe(true);
  });
});
