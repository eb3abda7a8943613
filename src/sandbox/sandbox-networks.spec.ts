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
import { filteredNetworkName } from './filtered-network-name.js';
import { networkProblem } from './network-check.js';
import { SandboxNetworks } from './sandbox-networks.js';

const INSTANCE = '0123456789abcdef';
const OPEN = { instanceId: INSTANCE, filtered: false };
const FILTERED = { instanceId: INSTANCE, filtered: true };

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
const OWN = { Labels: {}, Options: null };
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
    expect(networkProblem({ ...network, ...change }, containers, OPEN)).toContain(words);
  });

  it('takes ours, and an operator’s own bridge', () => {
    expect(networkProblem(network, [container(INSTANCE)], OPEN)).toBeNull();
    expect(networkProblem({ ...network, ...OWN }, [], OPEN)).toBeNull();
  });

  it.each([
    ['ours', {}],
    ['an operator’s own', OWN],
  ])('takes %s for filtered sandboxes when it is internal, else says the command', (_, change) => {
    const internal = { ...network, ...change, Internal: true };
    expect(networkProblem(internal, [container(INSTANCE)], FILTERED)).toBeNull();
    expect(networkProblem({ ...internal, Internal: false }, [], FILTERED)).toContain(
      'docker network create --internal --subnet 10.1.0.0/20 risoluto-internal',
    );
  });

  it('takes an internal network for others when it is an operator’s own, not when it is ours', () => {
    const internal = { ...network, Internal: true };
    expect(networkProblem({ ...internal, ...OWN }, [], OPEN)).toBeNull();
    expect(networkProblem(internal, [], OPEN)).toContain('leads nowhere');
  });
});

describe('filteredNetworkName', () => {
  it.each([
    ['risoluto-internal', false, 'risoluto-filtered'],
    ['team', false, 'team-filtered'],
    ['risoluto-internal', true, 'risoluto-internal'],
    ['team', true, 'team'],
  ])('of %s, own: %s, is %s', (name, isOwn, filtered) => {
    expect(filteredNetworkName(name, isOwn)).toBe(filtered);
  });
});

function networksOn(existing: NetworkInspection[], containers: ContainerSummary[] = []) {
  const created: NetworkCreateBody[] = [];
  const engine = {
    inspectNetwork: async (name: string) => existing.find(({ Name }) => Name === name) ?? null,
    listNetworks: async () => existing,
    listContainers: async ({ network: [name] }: { network: [string] }) =>
      containers.filter(({ NetworkSettings }) => name in NetworkSettings.Networks),
    createNetwork: async (body: NetworkCreateBody) => {
      created.push(body);
      existing.push({
        ...network,
        ...body,
        Id: String(existing.length).repeat(64),
        Scope: 'local',
      });
    },
  };
  const data = { instanceId: INSTANCE } as DataDirectory;
  return { networks: new SandboxNetworks(engine as unknown as ContainerEngine, data), created };
}

const prefixes = { 'risoluto-internal': '10.1.0', 'risoluto-filtered': '10.2.0' };
const ipam = (prefix: string) => ({
  Config: [{ Subnet: `${prefix}.0/28`, Gateway: `${prefix}.1` }],
});

describe('SandboxNetworks', () => {
  it('makes what is missing: labelled, isolated, with an explicit subnet and bridge', async () => {
    const { networks, created } = networksOn([]);
    const made = await networks.ensure('risoluto-internal', OPEN);
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
    await networks.ensure('risoluto-internal', OPEN);
    expect(created).toHaveLength(1);
  });

  it('refuses a foreign network and names the setting', async () => {
    const { networks } = networksOn([{ ...network, Labels: { 'risoluto.instance': 'other' } }]);
    await expect(networks.ensure('risoluto-internal', OPEN)).rejects.toMatchObject({
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
    await networks.ensure('risoluto-internal', OPEN);
    const given = Array.from(
      { length: 4 },
      () => networks.allocate('risoluto-internal').address,
    ).sort();
    expect(given).toEqual(['10.1.0.2', '10.1.0.4', '10.1.0.5', '10.1.0.6']);
    expect(() => networks.allocate('risoluto-internal')).toThrow(
      expect.objectContaining({ code: 'control_unavailable' }),
    );
    networks.release('risoluto-internal', '10.1.0.3');
    expect(networks.allocate('risoluto-internal').address).toBe('10.1.0.3');
  });

  it('makes a filtered one without a way out, on a bridge of its own', async () => {
    const { networks, created } = networksOn([]);
    const open = await networks.ensure('risoluto-internal', OPEN);
    const filtered = await networks.ensure('risoluto-filtered', FILTERED);
    expect([open.internal, filtered.internal]).toEqual([false, true]);
    expect(filtered.bridge).toMatch(/^rsl[0-9a-f]{8}$/);
    expect(filtered.bridge).not.toBe(open.bridge);
    expect(created[1]).toMatchObject({
      Internal: true,
      Options: { 'com.docker.network.bridge.enable_ip_masquerade': 'false' },
    });
    expect(created[0]).toMatchObject({
      Options: { 'com.docker.network.bridge.enable_ip_masquerade': 'true' },
    });
  });

  it('knows an operator’s own network by its missing label', async () => {
    const own = { ...network, ...OWN, Name: 'team' };
    const { networks } = networksOn([network, own]);
    expect(await networks.filteredName('team')).toBe('team');
    expect(await networks.filteredName('risoluto-internal')).toBe('risoluto-filtered');
    expect(await networks.filteredName('missing')).toBe('missing-filtered');
    await expect(networks.ensure('team', FILTERED)).rejects.toMatchObject({
      code: 'control_unavailable',
      details: [{ message: expect.stringContaining('docker network create --internal') }],
    });
  });

  it('gives each address of two networks once at a time, whatever the order', async () => {
    const names = ['risoluto-internal', 'risoluto-filtered'] as const;
    const step = fc.record({
      name: fc.constantFrom(...names),
      act: fc.constantFrom('allocate', 'allocate', 'release', 'ensure', 'reserve'),
      pick: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { networks } = networksOn([
          { ...network, IPAM: ipam('10.1.0') },
          { ...network, Id: 'f', Name: names[1], Internal: true, IPAM: ipam('10.2.0') },
        ]);
        const ensure = (name: string) => networks.ensure(name, { filtered: name === names[1] });
        await Promise.all(names.map(ensure));
        const held = { [names[0]]: new Set<string>(), [names[1]]: new Set<string>() };
        for (const { name, act, pick } of steps) {
          const mine = held[name];
          const one = [...mine][pick % Math.max(1, mine.size)];
          if (act === 'ensure') await ensure(name);
          else if (act === 'release' && one) {
            networks.release(name, one);
            mine.delete(one);
          } else if (act === 'reserve') {
            const address = `${prefixes[name]}.${2 + (pick % 13)}`;
            networks.reserve(name, address);
            mine.add(address);
          } else if (act === 'allocate' && mine.size < 13) {
            const { address } = networks.allocate(name);
            expect(mine.has(address)).toBe(false);
            expect(address.startsWith(`${prefixes[name]}.`)).toBe(true);
            mine.add(address);
          }
        }
        for (const name of names) {
          if (held[name].size === 13) expect(() => networks.allocate(name)).toThrow();
        }
      }),
    );
  });

  it('has no address of a network that was not ensured', async () => {
    const { networks } = networksOn([network]);
    await networks.ensure('risoluto-internal', OPEN);
    expect(() => networks.allocate('risoluto-filtered')).toThrow(
      expect.objectContaining({ code: 'control_unavailable' }),
    );
  });
});
