import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { DataDirectory } from '../persistence/data-directory.js';
import { AddressPool } from './address-pool.js';
import type {
  ContainerEngine,
  ContainerSummary,
  NetworkCreateBody,
  NetworkInspection,
} from './container-engine.js';
import { parseRoutes } from './host-routes.js';
import {
  type Ipv4Range,
  formatAddress,
  formatRange,
  freeSubnets,
  overlaps,
  parseAddress,
  parseRange,
} from './ipv4-range.js';
import { networkProblem } from './network-check.js';
import { SandboxNetworks } from './sandbox-networks.js';

const INSTANCE = '0123456789abcdef';

describe('IPv4 ranges', () => {
  it('read what they write', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (value) => {
        expect(parseAddress(formatAddress(value))).toBe(value);
      }),
    );
    expect(formatRange(parseRange('10.1.2.3/20') as Ipv4Range)).toBe('10.1.0.0/20');
  });

  it.each([
    '10.0.0.0/abc',
    '10.0.0.0',
    '10.0.0/8',
    '10.0.0.256/8',
    '010.0.0.0/8',
    'fd00::/8',
    '10.0.0.0/33',
  ])('refuse %s', (text) => expect(parseRange(text)).toBeNull());

  it('are chosen apart from all that is taken', () => {
    const range = fc.record({
      first: fc.integer({ min: 0, max: 2 ** 24 - 1 }).map((low) => 10 * 2 ** 24 + low),
      prefix: fc.integer({ min: 9, max: 30 }),
    });
    const whole = range.map(
      ({ first, prefix }) => parseRange(`${formatAddress(first)}/${prefix}`) as Ipv4Range,
    );
    fc.assert(
      fc.property(fc.array(whole, { maxLength: 8 }), fc.nat(2 ** 32 - 1), (taken, seed) => {
        const { value } = freeSubnets(taken, seed).next();
        expect(value).toBeDefined();
        expect(taken.some((other) => overlaps(value as Ipv4Range, other))).toBe(false);
      }),
    );
  });

  it('are read from the kernel’s routing table, the default route excepted', () => {
    const table =
      'Iface\tDestination\n' +
      [
        'eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0',
        'eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
      ].join('\n');
    expect(parseRoutes(table).map(formatRange)).toEqual(['172.17.0.0/16']);
  });
});

describe('AddressPool', () => {
  it('keeps a reserved address until it is given back', () => {
    const pool = new AddressPool(parseRange('10.0.0.0/29') as Ipv4Range, []);
    const kept = parseAddress('10.0.0.4') as number;
    pool.reserve(kept);
    pool.reserve(kept);
    const others = Array.from({ length: 6 }, () => pool.take()?.address);
    expect(others.at(-1)).toBeUndefined();
    expect(new Set(others).size).toBe(6);
    expect(others).not.toContain('10.0.0.4');
    pool.giveBack(kept);
    expect(pool.take()?.address).toBe('10.0.0.4');
  });

  it('gives each address once, none that is reserved or busy, and a freed one last', () => {
    const range = parseRange('10.0.0.0/28') as Ipv4Range;
    const gateway = parseAddress('10.0.0.1') as number;
    const pool = new AddressPool(range, [gateway]);
    const busy = new Set([parseAddress('10.0.0.5') as number]);
    const first = pool.take(busy);
    pool.giveBack(parseAddress(first?.address ?? '') as number);
    const given = Array.from({ length: 12 }, () => pool.take(busy)?.address);
    expect(new Set(given).size).toBe(12);
    expect(given.at(-1)).toBe(first?.address);
    expect(given).not.toContain('10.0.0.1');
    expect(given).not.toContain('10.0.0.5');
    expect(given).not.toContain('10.0.0.0');
    expect(given).not.toContain('10.0.0.15');
    expect(pool.take(busy)).toBeNull();
  });

  it('makes locally administered unicast MACs that differ', () => {
    const pool = new AddressPool(parseRange('10.0.0.0/24') as Ipv4Range, []);
    const macs = Array.from({ length: 50 }, () => pool.take()?.mac ?? '');
    expect(new Set(macs).size).toBe(50);
    for (const mac of macs) expect(mac).toMatch(/^[0-9a-f][26ae](:[0-9a-f]{2}){5}$/);
  });
});

const network: NetworkInspection = {
  Id: 'a'.repeat(64),
  Name: 'risoluto-internal',
  Driver: 'bridge',
  Scope: 'local',
  Internal: false,
  EnableIPv6: false,
  IPAM: { Config: [{ Subnet: '10.1.0.0/20', Gateway: '10.1.0.1' }] },
  Options: { 'com.docker.network.bridge.enable_icc': 'false' },
  Labels: { 'risoluto.instance': INSTANCE },
};
const container = (instance: string | null, address = '10.1.0.9'): ContainerSummary => ({
  Id: 'c',
  State: 'running',
  Labels: instance === null ? {} : { 'risoluto.instance': instance },
  NetworkSettings: { Networks: { 'risoluto-internal': { IPAMConfig: { IPv4Address: address } } } },
});

describe('networkProblem', () => {
  it.each([
    ['another driver', { Driver: 'macvlan' }, [], 'driver'],
    [
      'another instance',
      { Labels: { 'risoluto.instance': 'f'.repeat(16) } },
      [],
      'another Risoluto',
    ],
    ['IPv6', { EnableIPv6: true }, [], 'IPv6'],
    ['the default bridge', { Name: 'bridge', Labels: {} }, [], 'own'],
    ['open neighbours', { Options: {} }, [], 'inter-container'],
    ['no subnet', { IPAM: { Config: [] } }, [], 'subnet'],
    ['a foreign container', {}, [container(null)], 'not ours'],
    ['another instance’s container', {}, [container('f'.repeat(16))], 'not ours'],
  ])('refuses %s', (_name, change, containers, words) => {
    expect(networkProblem({ ...network, ...change }, containers, INSTANCE)).toContain(words);
  });

  it('takes ours, and an operator’s own bridge', () => {
    expect(networkProblem(network, [container(INSTANCE)], INSTANCE)).toBeNull();
    expect(networkProblem({ ...network, Labels: {}, Options: null }, [], INSTANCE)).toBeNull();
  });
});

function networksOn(existing: NetworkInspection[], containers: ContainerSummary[] = []) {
  const created: NetworkCreateBody[] = [];
  const engine = {
    inspectNetwork: async (name: string) => existing.find(({ Name }) => Name === name) ?? null,
    listNetworks: async () => existing,
    listContainers: async () => containers,
    createNetwork: async (body: NetworkCreateBody) => {
      created.push(body);
      existing.push({ ...network, ...body, Id: 'b'.repeat(64), Scope: 'local' });
    },
  };
  const data = { instanceId: INSTANCE } as DataDirectory;
  return { networks: new SandboxNetworks(engine as unknown as ContainerEngine, data), created };
}

describe('SandboxNetworks', () => {
  it('makes what is missing: labelled, isolated, with an explicit subnet and bridge', async () => {
    const { networks, created } = networksOn([]);
    const made = await networks.ensure('risoluto-internal');
    expect(made.bridge).toMatch(/^rsl[0-9a-f]{8}$/);
    expect(created).toEqual([
      expect.objectContaining({
        Driver: 'bridge',
        EnableIPv6: false,
        Internal: false,
        Labels: { 'risoluto.instance': INSTANCE },
        Options: expect.objectContaining({
          'com.docker.network.bridge.name': made.bridge,
          'com.docker.network.bridge.enable_icc': 'false',
        }),
      }),
    ]);
    await networks.ensure('risoluto-internal');
    expect(created).toHaveLength(1);
  });

  it('refuses a foreign network and names the setting', async () => {
    const { networks } = networksOn([{ ...network, Labels: { 'risoluto.instance': 'other' } }]);
    await expect(networks.ensure('risoluto-internal')).rejects.toMatchObject({
      code: 'control_unavailable',
      details: [{ field: 'codex.sandbox.network' }],
    });
  });

  it('skips addresses of containers that exist, until they are released', async () => {
    const small = {
      ...network,
      IPAM: { Config: [{ Subnet: '10.1.0.0/29', Gateway: '10.1.0.1' }] },
    };
    const { networks } = networksOn([small], [container(INSTANCE, '10.1.0.3')]);
    await networks.ensure('risoluto-internal');
    const given = Array.from({ length: 4 }, () => networks.allocate().address).sort();
    expect(given).toEqual(['10.1.0.2', '10.1.0.4', '10.1.0.5', '10.1.0.6']);
    expect(() => networks.allocate()).toThrow(
      expect.objectContaining({ code: 'control_unavailable' }),
    );
    networks.release('10.1.0.3');
    expect(networks.allocate().address).toBe('10.1.0.3');
  });
});
