import { describe, expect, it } from 'vitest';

import type { LiveSettings } from '../config/live-settings.js';
import type { Fence } from '../egress/fence.js';
import type { EgressGateway } from '../egress/gateway/egress-gateway.js';
import type { Resolvers } from '../egress/host-resolvers.js';
import type { GatewaySession } from '../egress/gateway/gateway-session.js';
import { DomainError } from '../kernel/domain-error.js';
import type { SecretVault } from '../secrets/secret-vault.js';
import { NetworkGate, NoLongerOpenError } from './network-gate.js';
import type { RouteSecrets } from './routes/route-secrets.js';
import type { BridgeAddress } from './network-place.js';

const OPEN: BridgeAddress = {
  mode: 'bridge',
  name: 'n',
  address: '10.0.0.2',
  mac: '02:00:00:00:00:01',
  gateway: null,
};
const FILTERED: BridgeAddress = {
  ...OPEN,
  address: '10.0.1.2',
  gateway: { address: '10.0.1.1', port: 20_000 },
};
const SECRET = 'a secret/0123';
const TURN = {
  ...{ runId: 'R', turn: 1, requested: ['a.example'], routes: [], routesOnly: false },
  values: [SECRET],
};

function gateWith() {
  const calls: string[] = [];
  const sandbox = { egressAllowlist: [] as string[], egressMode: 'enforce' };
  let changed = () => undefined as void;
  const settings = {
    codex: { sandbox },
    onReplaced: (listener: () => void) => (changed = listener),
  } as unknown as LiveSettings;
  const fence = {
    grant: ({ kind, address }: { kind: string; address: string }) => {
      calls.push(`${kind} ${address}`);
      return Promise.resolve();
    },
    revoke: (address: string) => {
      calls.push(`revoke ${address}`);
      return Promise.resolve();
    },
  } as unknown as Fence;
  const admitted: GatewaySession[] = [];
  const gateway = {
    admit: (session: GatewaySession) => {
      admitted.push(session);
      calls.push(`admit ${session.address}`);
    },
    credentialsFor: () => ({ user: 'u', password: 'of-the-gateway' }),
    dismiss: (address: string) => {
      calls.push(`dismiss ${address}`);
      return Promise.resolve();
    },
  } as unknown as EgressGateway;
  const resolvers = { forOpenSandbox: () => Promise.resolve([]) } as unknown as Resolvers;
  const routeSecrets = {
    hold: () => Promise.resolve(),
    release: () => undefined,
  } as unknown as RouteSecrets;
  const vault = {
    openForRun: (_run: string, sealed: string) => {
      if (sealed === 'sealed') return [SECRET];
      throw new DomainError('secrets_locked', 'locked');
    },
  } as unknown as SecretVault;
  const gate = new NetworkGate(fence, gateway, resolvers, settings, routeSecrets, vault);
  const setAllowlist = (list: string[]) => {
    sandbox.egressAllowlist = list;
    changed();
  };
  return { gate, calls, admitted, setAllowlist };
}

describe('NetworkGate', () => {
  it('lets a filtered address to the gateway alone, which knows it before its first packet', async () => {
    const { gate, calls, setAllowlist } = gateWith();
    setAllowlist(['a.example']);
    await gate.open(FILTERED, TURN, 60);
    await gate.close(FILTERED);
    expect(calls).toEqual([
      'admit 10.0.1.2',
      'gateway 10.0.1.2',
      'dismiss 10.0.1.2',
      'revoke 10.0.1.2',
    ]);
  });

  it('closes what is open when a list comes into force, and not what stands behind the gateway', async () => {
    const { gate, calls, setAllowlist } = gateWith();
    await gate.open(OPEN, TURN, 60);
    await gate.open(FILTERED, TURN, 60);
    calls.length = 0;
    setAllowlist(['a.example']);
    expect(calls).toEqual(['revoke 10.0.0.2']);
    setAllowlist(['b.example']);
    expect(calls).toEqual(['revoke 10.0.0.2']);
  });

  it('opens nothing that was placed before a list came into force, whenever that was', async () => {
    const { gate, calls, setAllowlist } = gateWith();
    const opening = gate.open(OPEN, TURN, 60);
    setAllowlist(['a.example']);
    await expect(opening).rejects.toBeInstanceOf(NoLongerOpenError);
    expect(calls).toEqual([]);
    expect(gate.mayOpen).toBe(false);
  });

  it('has no secret of a turn written down, and nothing where they cannot be known', async () => {
    const { gate, admitted } = gateWith();
    const shown: (string | undefined)[] = [];
    for (const values of [
      [SECRET],
      { sealed: 'sealed' },
      { sealed: null },
      { sealed: 'of another key' },
    ]) {
      await gate.admit(FILTERED, { ...TURN, values });
      shown.push(admitted.at(-1)?.masked?.('/x/a%20secret%2F0123/of-the-gateway'));
    }
    expect(shown).toEqual(['/x/***/***', '/x/***/***', '/x/a%20secret%2F0123/***', '***']);
  });

  it('closes what it took over, too', () => {
    const { gate, calls, setAllowlist } = gateWith();
    gate.takeOver(OPEN);
    setAllowlist(['a.example']);
    expect(calls).toEqual(['revoke 10.0.0.2']);
  });
});
