import { describe, expect, it } from 'vitest';

import type { Fence } from '../egress/fence.js';
import type { Resolvers } from '../egress/host-resolvers.js';
import { DomainError } from '../kernel/domain-error.js';
import type { DataDirectory } from '../persistence/data-directory.js';
import type { EffectivePolicy } from '../sandbox/policy.js';
import type { SandboxNetworks } from '../sandbox/sandbox-networks.js';
import { RunNetwork, type KeptAddress } from './run-network.js';

const KEPT: KeptAddress = {
  at: { mode: 'bridge', name: 'n', address: '10.0.0.2', mac: '02:00:00:00:00:01' },
  openSeconds: 60,
};
const POLICY = { network: 'n' } as EffectivePolicy;

/** `failures`: what the fence throws, call by call. */
function networkWith(failures: DomainError[] = []) {
  const calls: string[] = [];
  const networks = {
    ensure: () => Promise.resolve({ name: 'n' }),
    reserve: (address: string) => calls.push(`reserve ${address}`),
  } as unknown as SandboxNetworks;
  const fence = {
    ensure: (_network: unknown, grants: unknown[]) => {
      calls.push(`fence ${grants.length}`);
      const failure = failures.shift();
      return failure ? Promise.reject(failure) : Promise.resolve();
    },
  } as unknown as Fence;
  const resolvers = { forOpenSandbox: () => Promise.resolve([]) } as unknown as Resolvers;
  const network = new RunNetwork(networks, fence, resolvers, {} as DataDirectory);
  return { network, calls };
}

describe('RunNetwork', () => {
  it('puts up no fence before that of sandboxes that live on, which would close them', async () => {
    const { network, calls } = networkWith();
    await expect(network.place('R', POLICY)).rejects.toThrow('not been taken over');
    expect(calls).toEqual([]);
    await network.takeOver([KEPT]);
    expect(calls).toEqual(['reserve 10.0.0.2', 'fence 1']);
    expect(() => network.assertTookOver()).not.toThrow();
  });

  it('waits for an engine that is away, and not for a fence that cannot stand', async () => {
    const away = new DomainError('engine_unavailable', 'away');
    const none = new DomainError('control_unavailable', 'none');
    const { network } = networkWith([away, none]);
    await expect(network.takeOver([KEPT])).rejects.toBe(away);
    expect(() => network.assertTookOver()).toThrow('not been taken over');
    await expect(network.takeOver([KEPT])).rejects.toBe(none);
    expect(() => network.assertTookOver()).not.toThrow();
  });
});
