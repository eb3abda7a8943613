import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { once } from 'node:events';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { HostListener } from '../egress/host-listener.js';
import { sctpInit } from '../egress/packets.js';
import { itAlike } from '../support/long-form.js';
import { expectNoRemains } from '../support/remains.js';
import type { RunningService } from '../support/service.js';
import { world, type Arrival } from '../support/world.js';
import type { Probe } from './probed.js';
import { ANYWHERE, PUBLIC, RUNTIMES, Sandbox, startFiltered, Uncontrolled } from './sandboxes.js';

const AUTHORIZED = { token: 'write-token-0123456789' };
const SERVED = 7777;
const DATAGRAMS = [53, 123, 443];
const SCTP = 132;

/** Sends one packet of a protocol without ports, if it may. */
function packet(protocol: number, payload: string): Probe {
  const script = `perl -MSocket -e 'socket(S, AF_INET, SOCK_DGRAM, ${protocol}) or socket(S, AF_INET, SOCK_RAW, ${protocol})
    or exit 1; send(S, pack("H*", "${payload}"), 0, pack_sockaddr_in(0, inet_aton("${PUBLIC}")))'`;
  return { do: 'bash', script };
}

const tcp = (host: string, port: number): Probe => ({ do: 'tcp', host, port });
const arrivedAt = (arrivals: readonly Arrival[], address: string) =>
  new Set(
    arrivals
      .filter(({ to }) => to === address)
      .map(({ protocol, port }) => (port === null ? protocol : `${protocol} ${port}`)),
  );

describe.each(RUNTIMES)('past the gateway, %s', (runtime) => {
  const alike = itAlike(runtime);
  let service: RunningService;
  let sandbox: Sandbox;
  let control: Uncontrolled;
  let host: HostListener;
  let gateway: URL;
  let apiPort: number;

  beforeAll(async () => {
    host = await HostListener.start();
    service = await startFiltered({
      runtime,
      // Without resolvers of its own the gateway asks the host’s, of which the first is on loopback.
      sandbox: { egressAllowlist: ['allowed.test'], dns: [] },
      options: {
        env: { RISOLUTO_BIND: '0.0.0.0', RISOLUTO_WRITE_TOKEN: AUTHORIZED.token },
      },
    });
    apiPort = Number(new URL(service.url).port);
    [sandbox, control] = await Promise.all([
      Sandbox.start(service, 'DIRECT-1', { request: AUTHORIZED }),
      Uncontrolled.start(runtime),
    ]);
    gateway = await sandbox.proxy();
  });
  afterAll(async () => {
    await control?.remove();
    await service?.stop();
    await host?.stop();
  });

  it('N3 N4 N10 no packet leaves, of any protocol', async () => {
    const probes: Record<string, Probe> = {
      ...Object.fromEntries(
        [22, 53, 80, 443, 853].map((port) => [`tcp${port}`, tcp(PUBLIC, port)]),
      ),
      ...Object.fromEntries(
        DATAGRAMS.map((port) => [`udp${port}`, { do: 'udp' as const, host: PUBLIC, port }]),
      ),
      icmp: packet(1, '0800f7fd00010001'),
      sctp: packet(SCTP, sctpInit().toString('hex')),
      metadata: tcp('169.254.169.254', 80),
      private: tcp('10.1.2.3', 80),
      curl: {
        do: 'bash',
        script: `for p in http https all; do unset \${p}_proxy \${p^^}_PROXY; done
          curl -sS --max-time 2 http://${PUBLIC}/`,
      },
    };
    const everywhere = ['93.184.216.34', '169.254.169.254', '10.1.2.3'];
    await world.clear();
    const refused = await sandbox.probe(probes);
    expect(
      Object.entries(refused).filter(([, { connected, answer }]) => connected || answer),
    ).toEqual([]);
    expect(refused.curl?.code).not.toBe(0);
    const arrived = await world.arrivals();
    for (const address of everywhere) expect([...arrivedAt(arrived, address)]).toEqual([]);

    await world.clear();
    const answered = await control.probe(probes);
    expect(answered.curl).toMatchObject({ code: 0, out: `world ${PUBLIC} 80\n` });
    const seen = await world.arrivals();
    expect(arrivedAt(seen, PUBLIC)).toEqual(
      new Set([
        ...[22, 53, 80, 443, 853].map((port) => `tcp ${port}`),
        ...DATAGRAMS.map((port) => `udp ${port}`),
        // gVisor lets nobody have raw sockets.
        ...(runtime === 'runc' ? ['icmp', 'sctp 9'] : []),
      ]),
    );
    for (const address of everywhere) expect(arrivedAt(seen, address).size).toBeGreaterThan(0);
  });

  alike('N5 no name gets out, neither to the internet’s resolvers nor to the host’s', async () => {
    const label = `n${randomBytes(6).toString('hex')}`;
    const names = Array.from({ length: 8 }, (_, index) => `${label}-${index}.leak.test`);
    const [first = '', second = '', ...others] = names;
    const doh = `https://dns.google/resolve?name=${others[0]}`;
    await world.clear();
    const servers = [
      world.addresses.resolver,
      gateway.hostname,
      '127.0.0.53',
      '127.0.0.11',
      '8.8.8.8',
    ];
    const found = await sandbox.probe({
      lookup: { do: 'lookup', name: first },
      tunnel: { do: 'tunnel', to: `${second}:443`, tls: {} },
      listedBelow: { do: 'tunnel', to: `${second}.allowed.test:443`, tls: {} },
      http: { do: 'bash', script: `curl -s http://${others[1]}/; curl -sk ${doh}` },
      resolver: { do: 'tunnel', to: `${world.addresses.resolver}:53` },
      allowed: { do: 'bash', script: 'curl -s http://allowed.test/' },
      ...Object.fromEntries(
        servers.flatMap((server) =>
          (['A', 'TXT'] as const).map((type) => [
            `${type}@${server}`,
            { do: 'dns' as const, name: others[2] ?? '', type, server },
          ]),
        ),
      ),
    });
    expect(found.allowed.out).toContain(`world ${ANYWHERE} 80`);
    expect(found.tunnel).toMatchObject({ status: 403 });
    for (const server of servers) expect(found).toHaveProperty([`A@${server}`, 'error']);
    for (const place of ['internet', 'loopback'] as const) {
      expect(world.askedNames(place).filter((name) => name.includes(label))).toEqual([]);
    }
    // The gateway's own questions are about what is listed, and the host's first resolver answers them.
    expect(new Set(world.askedNames('loopback'))).toEqual(new Set(['allowed.test']));

    await control.probe({ lookup: { do: 'lookup', name: first } });
    expect(world.askedNames()).toContain(first);
  });

  it('N12 nothing of the host answers but the gateway’s port, at its one address', async () => {
    const ports = Array.from({ length: 100 }, (_, index) => index + 1);
    const known = [2375, 2376, 4000, 8080, apiPort, host.port, Number(gateway.port)];
    const hosts = [gateway.hostname, world.addresses.host, '172.17.0.1', '127.0.0.1'];
    const scan = (address: string): Probe => ({
      do: 'scan',
      host: address,
      ports: [...ports, ...known],
    });
    const heardBefore = host.heard.length;
    const { named, ...found } = await sandbox.probe({
      ...Object.fromEntries(hosts.map((address) => [address, scan(address)])),
      named: { do: 'lookup', name: 'host.docker.internal' },
    });
    expect(found).toEqual({
      ...Object.fromEntries(hosts.map((address) => [address, { open: [] }])),
      [gateway.hostname]: { open: [Number(gateway.port)] },
    });
    expect(named).toHaveProperty('error');
    expect(host.heard.slice(heardBefore)).toEqual([]);

    const { uplink, health } = await control.probe({
      uplink: scan(world.addresses.host),
      health: { do: 'bash', script: `curl -s http://${world.addresses.host}:${apiPort}/healthz` },
    });
    expect(uplink.open).toEqual(expect.arrayContaining([apiPort, host.port]));
    expect(uplink.open).not.toContain(Number(gateway.port));
    expect(health.out).toContain('ok');
  });

  it('N13 neighbours neither answer nor show, with bridge-nf-call-iptables=0', async () => {
    const neighbour = await Sandbox.start(service, 'DIRECT-2', { request: AUTHORIZED });
    const other = await Uncontrolled.start(runtime);
    await world.onHost('sysctl', '-qw', 'net.bridge.bridge-nf-call-iptables=0');
    try {
      const serve = `exec node -e "require('net').createServer((s) => s.end('here')).listen(${SERVED})"`;
      await Promise.all([neighbour.background(serve), other.background(serve)]);
      await expect
        .poll(() => neighbour.probe({ own: tcp('127.0.0.1', SERVED) }), { timeout: 10_000 })
        .toMatchObject({ own: { answer: 'here' } });
      const [there, beside] = await Promise.all([neighbour.place(), other.place()]);
      expect((await control.probe({ it: tcp(beside.address, SERVED) })).it.answer).toBe('here');
      const found = await sandbox.probe({
        direct: tcp(there.address, SERVED),
        tunnel: { do: 'tunnel', to: `${there.address}:${SERVED}` },
        name: { do: 'lookup', name: neighbour.container.slice(0, 12) },
        arp: { do: 'bash', script: 'cat /proc/net/arp' },
      });
      expect(found.direct).toMatchObject({ connected: false, answer: '' });
      expect(found.tunnel).toMatchObject({ status: 403, reason: 'literal_address' });
      expect(found.name).toHaveProperty('error');
      expect(found.arp.out).not.toContain(there.mac);
      expect((await sandbox.place()).network).toBe(there.network);
    } finally {
      await world.onHost('sysctl', '-qw', 'net.bridge.bridge-nf-call-iptables=1');
      await Promise.all([other.remove(), neighbour.end()]);
    }
  });

  alike('N14 there is no IPv6', async () => {
    const address = '2001:db8::1234';
    await world.clear();
    const found = await sandbox.probe({
      tcp: tcp(address, 80),
      udp: { do: 'udp', host: address, port: 53 },
      interfaces: { do: 'bash', script: 'cat /proc/net/if_inet6 | grep -v " lo$"' },
      curl: { do: 'bash', script: `curl -s --noproxy '*' 'http://[${address}]/'` },
    });
    expect(found.tcp.connected).toBe(false);
    expect(found.udp.answer ?? '').toBe('');
    expect(found.interfaces.out).toBe('');
    expect(found.curl.code).not.toBe(0);
    expect((await world.arrivals()).filter(({ to }) => to.includes(':'))).toEqual([]);
    const own = connect(80, address);
    own.end('ask');
    expect(String(await once(own, 'data'))).toContain(`world ${address} 80`);
  });

  it('leaves nothing', async () => {
    await sandbox.end();
    await expectNoRemains(service);
  });
});
