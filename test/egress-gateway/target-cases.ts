import { randomBytes } from 'node:crypto';

import { beforeAll, describe, expect, it } from 'vitest';

import { world } from '../support/world.js';
import type { Outcome, Probe } from './probed.js';
import { METADATA, type FilteredLab } from './filtered-lab.js';
import { denialsIn, PUBLIC, Sandbox } from './sandboxes.js';

const FORBIDDEN_V4 = [
  METADATA,
  '169.254.170.2',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  '172.31.9.9',
  '192.168.7.7',
  '100.64.0.9',
  '127.0.0.1',
  '127.0.0.53',
  '0.0.0.0',
  '224.0.0.1',
  '255.255.255.255',
];
const FORBIDDEN_V6 = [
  'fd00-ec2--254',
  '0--1',
  'fe80--1',
  'ff02--1',
  'fd12--1',
  '0--ffff-a9fe-a9fe',
  '0-0-0-0-ffff-0-a9fe-a9fe',
  '64-ff9b--a9fe-a9fe',
  '2002-a9fe-a9fe--1',
  '2001-0-1234--5601-5601',
  '0-0-0-0-0-0-a9fe-a9fe',
];

const plain = (to: string): Probe => ({ do: 'tunnel', to });
const dashed = (address: string) => address.replaceAll('.', '-');
const fresh = (name: string) => `n${randomBytes(4).toString('hex')}.${name}`;

/** N6, N7, N11, N15, and what of N12 to N14 a gateway could be asked for. */
export function targetCases(lab: FilteredLab): void {
  describe('where the gateway goes', () => {
    let sandbox: Sandbox;

    beforeAll(async () => {
      sandbox = await Sandbox.start(lab.service, 'TARGET-1');
    });

    it('N6 takes an address only where the list has it as such, in whatever notation', async () => {
      await world.clear();
      const refused = [
        '198.51.100.9:443',
        '[2606:2800::9]:443',
        '1.1.1.1:443',
        '0x01010101:443',
        '16843009:443',
        '01.01.01.01:443',
        '1.1:443',
        '[::ffff:1.1.1.1]:443',
        '[::1.1.1.1]:443',
        '[64:ff9b::101:101]:443',
        '[::1]:443',
        '[fe80::1%25eth0]:443',
        '1.1.1.1.:443',
        '１.1.1.1:443',
      ];
      const listed = [`${PUBLIC}:80`, '0x5db8d822:80', '1572395042:80', '93.12113954:80'];
      const found: Record<string, Outcome> = await sandbox.probe(
        Object.fromEntries([...refused, ...listed].map((to) => [to, plain(to)])),
      );
      for (const to of refused) expect([400, 403], to).toContain(found[to]?.status);
      expect(found['1.1.1.1:443']).toMatchObject({ status: 403, reason: 'literal_address' });
      expect(found['16843009:443']).toMatchObject({ status: 403, reason: 'literal_address' });
      expect(found['[::1]:443']).toMatchObject({ status: 403, reason: 'literal_address' });
      for (const to of listed) {
        expect(found[to], to).toMatchObject({
          status: 200,
          answer: expect.stringContaining(PUBLIC),
        });
      }
      expect(new Set((await world.arrivals()).map(({ to }) => to))).toEqual(new Set([PUBLIC]));
    });

    it('N7 takes the ports of an entry alone', async () => {
      await world.clear();
      const found = await sandbox.probe({
        ssh: plain('allowed.test:22'),
        smtp: plain('allowed.test:25'),
        other: { do: 'tunnel', to: 'allowed.test:8443', tls: {} },
        usual: { do: 'tunnel', to: 'special.test:443', tls: {} },
        http: { do: 'bash', script: 'curl -s -w "%{http_code}" http://allowed.test:8080/' },
        zero: plain('allowed.test:0'),
        special: { do: 'tunnel', to: 'special.test:8443', tls: {} },
        shell: { do: 'tunnel', to: 'shell.test:22', say: ['SSH-2.0-probe\r\n'] },
      });
      for (const { status, reason } of [found.ssh, found.smtp, found.other, found.usual]) {
        expect({ status, reason }).toEqual({ status: 403, reason: 'port_not_listed' });
      }
      expect(found.http.out).toContain('403');
      expect(found.zero.status).toBe(400);
      expect(found.special.answer).toContain(' 8443\n');
      expect(found.shell.answer).toMatch(/^world \S+ 22\n/);
      const ports = (await world.arrivals())
        .filter(({ port }) => port !== 53)
        .map(({ port }) => port);
      expect(new Set(ports)).toEqual(new Set([8443, 22]));
    });

    it('N11 N12 N14 goes to no forbidden address, whatever a listed name resolves to', async () => {
      const neighbour = await Sandbox.start(lab.service, 'TARGET-2');
      const [{ address }, own] = await Promise.all([neighbour.place(), sandbox.proxy()]);
      const hosts = [own.hostname, world.addresses.host, '172.17.0.1'];
      await neighbour.background(
        `exec node -e "require('net').createServer((s) => s.end('here')).listen(8000)"`,
      );
      const names = [
        ...FORBIDDEN_V4.map((one) => `${dashed(one)}.ip.test`),
        ...FORBIDDEN_V6.map((one) => `${one}.ip6.test`),
        ...hosts.map((one) => `${dashed(one)}.ip.test`),
        // One answer of several, and by way of another name.
        `${dashed(METADATA)}.both.test`,
        '192-168-2-3.both.test',
        `${dashed(METADATA)}.alias.test`,
        '192-168-2-3.alias.test',
        'metadata.google.internal',
      ];
      await world.clear();
      const found: Record<string, Outcome> = await sandbox.probe({
        ...Object.fromEntries(names.map((name) => [name, plain(`${name}:80`)])),
        ...Object.fromEntries(
          hosts.map((one) => [`port ${one}`, plain(`${dashed(one)}.ip.test:${lab.host.port}`)]),
        ),
        neighbour: plain(`${dashed(address)}.ip.test:8000`),
        literal: plain(`${METADATA}:80`),
        http: {
          do: 'bash',
          script: `curl -s http://${dashed(METADATA)}.ip.test/latest/meta-data/`,
        },
        public: plain(`${dashed(PUBLIC)}.ip.test:80`),
        publicV6: plain('2606-2800--1.ip6.test:80'),
        internal: plain('10-20-0-5.ip.test:80'),
        internalLiteral: plain('10.20.0.7:80'),
        missing: plain('any.missing.test:80'),
        broken: plain('any.broken.test:80'),
      });
      for (const name of names) {
        expect(found[name], name).toMatchObject({ status: 403, reason: 'blocked_address' });
      }
      for (const one of hosts) {
        expect(found[`port ${one}`], one).toMatchObject({ status: 403, reason: 'blocked_address' });
      }
      expect(found.neighbour).toMatchObject({ status: 403, reason: 'blocked_address' });
      const served = await neighbour.probe({ own: { do: 'tcp', host: '127.0.0.1', port: 8000 } });
      expect(served.own.answer).toBe('here');
      expect(found.literal).toMatchObject({ status: 403, reason: 'blocked_address' });
      expect(found.http?.out).toContain('not reachable');
      expect(found.missing).toMatchObject({ status: 502, reason: 'unresolved' });
      expect(found.broken).toMatchObject({ status: 502, reason: 'unresolved' });
      expect(found.public?.answer).toContain(`world ${PUBLIC} 80`);
      expect(found.publicV6?.answer).toContain('world 2606:2800::1 80');
      expect(found.internal?.answer).toContain('world 10.20.0.5 80');
      expect(found.internalLiteral?.answer).toContain('world 10.20.0.7 80');
      const reached = (await world.arrivals())
        .filter(({ port }) => port !== 53)
        .map(({ to }) => to);
      expect(new Set(reached)).toEqual(new Set([PUBLIC, '2606:2800::1', '10.20.0.5', '10.20.0.7']));
      expect(lab.host.heard).toEqual([]);
      await neighbour.end();
    });

    it('N11 connects to the address that it has looked at, when a name changes its answer', async () => {
      await world.clear();
      const rebinding = fresh(`${dashed(METADATA)}.rebind.test`);
      const before = await sandbox.probe({ first: plain(`${rebinding}:80`) });
      const after = await sandbox.probe({ second: plain(`${rebinding}:80`) });
      expect(before.first.answer).toContain(`world ${PUBLIC} 80`);
      expect(after.second).toMatchObject({ status: 403, reason: 'blocked_address' });

      const turning = fresh(`${dashed(METADATA)}.turns.test`);
      // Who asks at the same time may share an answer.
      const turns: Outcome[] = [];
      for (let index = 0; index < 4; index += 1) {
        turns.push((await sandbox.probe({ it: plain(`${turning}:80`) })).it);
      }
      const passed = turns.filter(({ status }) => status === 200);
      expect(passed).toHaveLength(2);
      for (const { answer } of passed) expect(answer).toContain(`world ${PUBLIC} 80`);
      expect((await world.arrivals()).map(({ to }) => to)).not.toContain(METADATA);
    });

    it('N15 DNS over HTTPS and over TLS is as any other host that is not listed', async () => {
      await world.clear();
      const found = await sandbox.probe({
        google: { do: 'tunnel', to: 'dns.google:443', tls: {} },
        cloudflare: { do: 'tunnel', to: 'cloudflare-dns.com:443', tls: {} },
        dot: { do: 'tunnel', to: 'one.one.one.one:853', tls: {} },
        address: { do: 'tunnel', to: '8.8.8.8:443', tls: {} },
        onListedHost: { do: 'tunnel', to: 'allowed.test:853', tls: {} },
      });
      for (const { status } of Object.values(found)) expect(status).toBe(403);
      expect(await world.arrivals()).toEqual([]);
    });

    it('writes the refusals down', async () => {
      await sandbox.end();
      const denials = denialsIn(await sandbox.decisions());
      expect(denials).toEqual(
        expect.arrayContaining([
          'allowed.test:22 port_not_listed',
          '1.1.1.1:443 literal_address',
          `${dashed(METADATA)}.ip.test:80 blocked_address`,
          'metadata.google.internal:80 blocked_address',
          'any.missing.test:80 unresolved',
          'dns.google:443 not_listed',
        ]),
      );
    });
  });
}
