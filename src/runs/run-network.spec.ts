import { describe, expect, it } from 'vitest';

import type { Fence } from '../egress/fence.js';
import type { Resolvers } from '../egress/host-resolvers.js';
import { DomainError } from '../kernel/domain-error.js';
import type { EffectivePolicy } from '../sandbox/policy.js';
import type { SandboxNetworks } from '../sandbox/sandbox-networks.js';
import type { FencedNetworks } from './fenced-networks.js';
import type { NetworkGate } from './network-gate.js';
import type { KeptAddress } from './network-place.js';
import type { ResolvFiles } from './resolv-files.js';
import { RunNetwork } from './run-network.js';

const GATEWAY = { address: '10.0.0.1', port: 20_000 };
const KEPT: KeptAddress = {
  at: { mode: 'bridge', name: 'n', address: '10.0.0.2', mac: '02:00:00:00:00:01', gateway: null },
  runId: 'R',
  turn: 1,
  requested: null,
  routes: [],
  routesOnly: false,
  values: { sealed: null },
  openSeconds: 60,
};
const FILTERED: KeptAddress = {
  ...KEPT,
  at: { ...KEPT.at, mode: 'bridge', name: 'f', address: '10.0.1.2', gateway: GATEWAY } as never,
};
const POLICY = { network: 'n' } as EffectivePolicy;

interface World {
  /** What the fence throws, call by call. */
  failures?: DomainError[];
  mayOpen?: boolean;
  /** Of the filtered network; `null`: it cannot listen there. */
  gateway?: typeof GATEWAY | null;
}

function networkWith({ failures = [], mayOpen = true, gateway = GATEWAY }: World = {}) {
  const calls: string[] = [];
  const networks = {
    reserve: (name: string, address: string) => calls.push(`reserve ${name} ${address}`),
  } as unknown as SandboxNetworks;
  const fenced = {
    named: (name: string, filtered: boolean) =>
      Promise.resolve({ name, bridge: name, gateway: filtered ? gateway : null }),
  } as unknown as FencedNetworks;
  const fence = {
    ensureAll: (wanted: { bridge: string; kept: unknown[] }[]) => {
      calls.push(`fence ${wanted.map(({ bridge, kept }) => `${bridge}:${kept.length}`).join()}`);
      const failure = failures.shift();
      return failure ? Promise.reject(failure) : Promise.resolve();
    },
  } as unknown as Fence;
  const gate = {
    mayOpen,
    grantFor: () => Promise.resolve({}),
    takeOver: ({ address }: { address: string }) => calls.push(`open ${address}`),
    admit: ({ address }: { address: string }) => calls.push(`admit ${address}`),
  } as unknown as NetworkGate;
  const network = new RunNetwork(networks, fenced, fence, gate, {} as Resolvers, {} as ResolvFiles);
  return { network, calls };
}

describe('RunNetwork', () => {
  it('puts up no fence before that of sandboxes that live on, which would close them', async () => {
    const { network, calls } = networkWith();
    await expect(network.place('R', POLICY)).rejects.toThrow('not been taken over');
    expect(calls).toEqual([]);
    await network.takeOver([KEPT]);
    expect(calls).toEqual(['reserve n 10.0.0.2', 'open 10.0.0.2', 'fence n:1']);
    expect(() => network.assertTookOver()).not.toThrow();
  });

  it('waits for an engine that is away, and not for a fence that cannot stand', async () => {
    const away = new DomainError('engine_unavailable', 'away');
    const none = new DomainError('control_unavailable', 'none');
    const { network } = networkWith({ failures: [away, none] });
    await expect(network.takeOver([KEPT])).rejects.toBe(away);
    expect(() => network.assertTookOver()).toThrow('not been taken over');
    await expect(network.takeOver([KEPT])).rejects.toBe(none);
    expect(() => network.assertTookOver()).not.toThrow();
  });

  it('puts one fence around both networks, and lets the gateway serve who it served', async () => {
    const { network, calls } = networkWith();
    await network.takeOver([KEPT, FILTERED, { ...FILTERED, openSeconds: null }]);
    expect(calls).toContain('admit 10.0.1.2');
    expect(calls.at(-1)).toBe('fence n:1,f:1');
  });

  it('keeps closed what an allowlist has closed meanwhile, or has no gateway any more', async () => {
    const closed = networkWith({ mayOpen: false });
    await closed.network.takeOver([KEPT]);
    expect(closed.calls).toEqual(['reserve n 10.0.0.2', 'fence n:0']);
    const deaf = networkWith({ gateway: null });
    await deaf.network.takeOver([FILTERED]);
    expect(deaf.calls).toEqual(['reserve f 10.0.1.2', 'fence f:0']);
  });
});
