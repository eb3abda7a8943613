import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { mustRun } from '../egress/commands.js';
import { ipv4Packet, tcpSyn } from '../egress/packets.js';
import { until } from '../runs/until.js';
import { engine } from '../support/engine.js';
import { expectNoRemains } from '../support/remains.js';
import type { RunningService } from '../support/service.js';
import { world } from '../support/world.js';
import type { Probe } from './probed.js';
import {
  denialsIn,
  farAddress,
  RUNTIMES,
  Sandbox,
  startFiltered,
  Uncontrolled,
  type Placement,
} from './sandboxes.js';

const TCP = 6;
const ASK: Probe = { do: 'bash', script: 'curl -s --max-time 4 http://allowed.test/' };

const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const authorizationOf = ({ username, password }: URL) => basic(username, password);
const tunnel = (authorization?: string): Probe => ({
  do: 'tunnel',
  to: 'allowed.test:443',
  tls: {},
  ...(authorization !== undefined && { authorization }),
});

describe.each(RUNTIMES)('who asks the gateway, %s', (runtime) => {
  let service: RunningService;
  let sandbox: Sandbox;
  let other: Sandbox;

  beforeAll(async () => {
    service = await startFiltered({ runtime, sandbox: { egressAllowlist: ['allowed.test'] } });
    [sandbox, other] = await Promise.all([
      Sandbox.start(service, 'WHO-1'),
      Sandbox.start(service, 'WHO-2'),
    ]);
  });
  afterAll(() => service?.stop());

  it('is known by its own credentials, not by another run’s, a made-up one’s or none', async () => {
    await world.clear();
    const [own, theirs] = await Promise.all([sandbox.proxy(), other.proxy()]);
    const found = await other.probe({
      theirs: tunnel(authorizationOf(own)),
      mixed: tunnel(basic(theirs.username, own.password)),
      named: tunnel(basic(own.username, theirs.password)),
      guessed: tunnel(basic(theirs.username, 'a'.repeat(43))),
      empty: tunnel('Basic '),
      bearer: tunnel(`Bearer ${theirs.password}`),
      none: tunnel(''),
    });
    for (const [name, { status }] of Object.entries(found)) expect(status, name).toBe(407);
    expect(await world.arrivals()).toEqual([]);
    expect((await other.probe({ own: tunnel() })).own.answer).toContain('world');
    const [denials, own_] = await Promise.all([other.decisions(), sandbox.decisions()]);
    expect(denialsIn(denials)).toEqual(['allowed.test:443 credentials']);
    expect(denialsIn(own_)).toEqual([]);
  });

  it('is known by its address: what another container shows is worth nothing', async () => {
    const proxy = await sandbox.proxy();
    const outsider = await Uncontrolled.start(runtime);
    try {
      await world.clear();
      const script = `export http_proxy='${proxy.href}'; ${ASK.script}`;
      const found = await outsider.probe({ theirs: { do: 'bash', script } });
      expect(found.theirs.out).not.toContain('world');
      expect(await world.arrivals()).toEqual([]);
    } finally {
      await outsider.remove();
    }
    expect((await sandbox.probe({ own: ASK })).own.out).toContain('world');
  });

  it('a container without a grant does not reach it, with credentials and in its network', async () => {
    const { network } = await sandbox.place();
    const at = { ...(await farAddress(network)), proxy: await sandbox.proxy() };
    const intruder = await Uncontrolled.start(runtime, at);
    try {
      await world.clear();
      const found = await intruder.probe({
        theirs: ASK,
        port: { do: 'tcp', host: at.proxy.hostname, port: Number(at.proxy.port) },
      });
      expect(found.theirs.out).toBe('');
      expect(found.port.connected).toBe(false);
      expect(await world.arrivals()).toEqual([]);
    } finally {
      await intruder.remove();
    }
    expect((await sandbox.probe({ own: ASK })).own.out).toContain('world');
  });

  it.runIf(runtime === 'runc')('a forged source address does not arrive at it', async () => {
    const { network, address, mac } = await sandbox.place();
    const proxy = await sandbox.proxy();
    const intruder = await Uncontrolled.start(runtime, await farAddress(network));
    const counters = await Counters.place(network, address, Number(proxy.port));
    const syn = tcpSyn({ from: address, to: proxy.hostname, port: Number(proxy.port) });
    const packet = ipv4Packet({ from: address, to: proxy.hostname, protocol: TCP, payload: syn });
    try {
      await counters.must({ before: 0, after: 0 });
      const { sent } = await intruder.probe({ sent: sending(packet, proxy.hostname) });
      expect(sent.code, sent.err).toBe(0);
      await counters.must({ before: 1, after: 0 });
      await sandbox.probe({ own: ASK });
      await counters.must({ before: 2, after: 1 });
      expect((await intruder.place()).mac).not.toBe(mac);
    } finally {
      await counters.remove();
      await intruder.remove();
    }
  });

  it('N21 a grant ends with its run, and its connections and its address carry nothing on', async () => {
    const leaving = await Sandbox.start(service, 'WHO-3');
    const [{ network, address, mac }, proxy] = await Promise.all([
      leaving.place(),
      leaving.proxy(),
    ]);
    await world.clear();
    // It has said what it had to say, and stays silent.
    const say = String.raw`GET /drip HTTP/1.1\r\nHost: allowed.test\r\n\r\n`;
    await leaving.hold('allowed.test:80', say, '/tmp/held');
    await until('its connection to arrive', () =>
      world.recorded().some(({ start }) => start?.includes('/drip')) ? true : null,
    );
    await leaving.end();
    await until('its connection to end', () =>
      world.recorded().some(({ event }) => event === 'close') ? true : null,
    );
    const heir = await Uncontrolled.start(runtime, { network, address, mac, proxy });
    try {
      await world.clear();
      expect((await heir.probe({ inherited: ASK })).inherited.out).toBe('');
      expect(await world.arrivals()).toEqual([]);
    } finally {
      await heir.remove();
    }
    expect((await sandbox.probe({ own: ASK })).own.out).toContain('world');
  });

  it('N21 a grant is not inherited after the service was killed', async () => {
    const leaving = await Sandbox.start(service, 'WHO-4');
    const [place, proxy] = await Promise.all([leaving.place(), leaving.proxy()]);
    expect((await leaving.probe({ own: ASK })).own.out).toContain('world');
    await service.kill9();
    await engine().getContainer(leaving.container).remove({ force: true });
    const inherits = async (at: Placement) => {
      const heir = await Uncontrolled.start(runtime, at);
      try {
        await world.clear();
        expect((await heir.probe({ inherited: ASK })).inherited.out).toBe('');
        expect(await world.arrivals()).toEqual([]);
      } finally {
        await heir.remove();
      }
    };
    await inherits({ ...place, proxy });
    await service.start();
    expect((await sandbox.probe({ own: ASK })).own.out).toContain('world');
    await inherits({ ...place, proxy });
  });

  it('leaves nothing', async () => {
    await Promise.all([sandbox.end(), other.end()]);
    await expectNoRemains(service);
  });
});

/** Sends one IPv4 packet as it is; needs raw sockets. */
function sending(packet: Buffer, to: string): Probe {
  const script = `perl -MSocket -e 'socket(S, AF_INET, SOCK_RAW, 255) or die $!;
    send(S, pack("H*", "${packet.toString('hex')}"), 0, pack_sockaddr_in(0, inet_aton("${to}"))) or die $!'`;
  return { do: 'bash', script };
}

/** Counts the beginnings of connections from an address to a port, before the fence and behind it. */
class Counters {
  private constructor(private readonly table: string) {}

  static async place(network: string, address: string, port: number): Promise<Counters> {
    const { Options } = (await engine().getNetwork(network).inspect()) as {
      Options: Record<string, string>;
    };
    const bridge = Options['com.docker.network.bridge.name'] ?? '';
    const table = `count_${randomBytes(4).toString('hex')}`;
    const syn = `ip saddr ${address} tcp dport ${port} tcp flags syn counter`;
    const script = `table bridge ${table} {
        chain before { type filter hook prerouting priority -301; meta ibrname "${bridge}" ${syn} }
      }
      table inet ${table} {
        chain after { type filter hook input priority 0; iifname "${bridge}" ${syn} }
      }`;
    await mustRun(['nft', '-f', '-'], script);
    return new Counters(table);
  }

  /** At least so many before the fence, exactly so many behind it. */
  async must({ before, after }: { before: number; after: number }): Promise<void> {
    const [seen, passed] = [await this.packets('bridge'), await this.packets('inet')];
    if (seen >= before && passed === after) return;
    throw new Error(`${seen} packets came, ${passed} passed; not ${before} and ${after}`);
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
