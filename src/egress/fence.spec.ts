import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { FakeFenceBackend } from '../../test/egress/fake-fence-backend.js';
import { DeniedPeerRanges } from '../auth/denied-peers.js';
import type { HostLink } from './fence-backend.js';
import type { FenceBreak } from './fence-contract.js';
import { Fence } from './fence.js';
import { FenceReport } from './fence-report.js';

const BRIDGE = { bridge: 'rsl0', subnet: '10.9.0.0/24', gateway: '10.9.0.1' };
const GRANT = {
  kind: 'open' as const,
  address: '10.9.0.7',
  mac: '02:42:0a:09:00:07',
  resolvers: [],
  seconds: 60,
};
const FILTERED = {
  bridge: 'rsl1',
  subnet: '10.10.0.0/24',
  gateway: '10.10.0.1',
  gatewayPort: 41_000,
};
const GATEWAY_GRANT = {
  kind: 'gateway' as const,
  address: '10.10.0.7',
  mac: '02:42:0a:0a:00:07',
  seconds: 60,
};
const UNAVAILABLE = { code: 'control_unavailable', details: [{ field: 'fence' }] };

describe('the fence', () => {
  let backend: FakeFenceBackend;
  let deniedPeers: DeniedPeerRanges;
  let fence: Fence;
  let nowMs = 0;

  beforeEach(() => {
    nowMs = 0;
    Logger.overrideLogger(false);
    backend = new FakeFenceBackend();
    deniedPeers = new DeniedPeerRanges();
    fence = new Fence({
      table: 'risoluto_ab',
      backends: [backend],
      deniedPeers,
      clock: { now: () => Date.now(), monotonicMs: () => performance.now() + nowMs },
      watchIntervalMs: 10,
    });
  });
  afterEach(async () => {
    await fence.shutdown();
    Logger.overrideLogger(true);
  });

  it('does not stand, and opens nothing, before it was placed', async () => {
    expect(fence.standing().standing).toBe(false);
    expect(await new FenceReport(fence).check()).toMatchObject({ status: 'degraded' });
    await expect(fence.check()).rejects.toMatchObject(UNAVAILABLE);
    await expect(fence.grant(GRANT)).rejects.toMatchObject(UNAVAILABLE);
    expect(backend.calls).toEqual([]);
  });

  it('is placed once, closed, with the connections of its subnet forgotten and its peers denied', async () => {
    await fence.ensure(BRIDGE);
    await fence.ensure(BRIDGE);
    expect(backend.calls).toEqual(['place', 'forget 10.9.0.0/24']);
    expect(deniedPeers.includes('10.9.0.200')).toBe(true);
    expect(await new FenceReport(fence).check()).toEqual({ status: 'ok' });
  });

  it('keeps what is open when a new process places it, and forgets the rest at once', async () => {
    const other = { ...GRANT, address: '10.9.0.8', mac: '02:42:0a:09:00:08' };
    await fence.ensure(BRIDGE, [GRANT]);
    expect(fence.summary().open).toBe(1);
    await fence.check();
    await fence.grant(other);
    await fence.revoke(GRANT.address, GRANT.mac);
    expect(fence.summary().open).toBe(1);
    expect(backend.calls).toEqual([
      'place',
      'forget 10.9.0.0/24 but 10.9.0.7',
      'forget 10.9.0.8',
      'grant',
      'revoke',
      'forget 10.9.0.7',
    ]);
  });

  it('forgets the connections of an address between its grants', async () => {
    await fence.ensure(BRIDGE);
    await fence.grant(GRANT);
    await fence.revoke(GRANT.address, GRANT.mac);
    await fence.grant(GRANT);
    expect(backend.calls.slice(2)).toEqual(['grant', 'revoke', 'forget 10.9.0.7', 'grant']);
  });

  it('forgets them before a grant too, once it had been broken', async () => {
    await fence.ensure(BRIDGE);
    backend.standing = false;
    await fence.check();
    await fence.grant(GRANT);
    expect(backend.calls.slice(2)).toEqual(['place', 'forget 10.9.0.7', 'grant']);
  });

  it('refuses everything when it cannot stand, with the remedy', async () => {
    backend.obstacleNow = { reason: 'not installed: nft', remedy: 'apt-get install nftables' };
    await expect(fence.ensure(BRIDGE)).rejects.toMatchObject({
      code: 'control_unavailable',
      details: [{ field: 'fence', message: 'apt-get install nftables' }],
    });
    await expect(fence.grant(GRANT)).rejects.toMatchObject(UNAVAILABLE);
    await expect(fence.check()).rejects.toMatchObject(UNAVAILABLE);
    expect(fence.standing()).toEqual({
      standing: false,
      reason: 'not installed: nft',
      remedy: 'apt-get install nftables',
    });
    backend.obstacleNow = null;
    await fence.check();
    expect(fence.standing().standing).toBe(true);
  });

  it.each(['apply', 'forget', 'list', 'links'] as const)(
    'opens nothing when the kernel fails to %s',
    async (part) => {
      backend.failing.add(part);
      await expect(fence.ensure(BRIDGE)).rejects.toMatchObject(UNAVAILABLE);
      backend.failing.clear();
      await fence.check();
      backend.failing.add(part);
      await fence.grant(GRANT).catch(() => undefined);
      await expect(fence.check().then(() => fence.grant(GRANT))).rejects.toMatchObject(UNAVAILABLE);
      backend.failing.clear();
      await fence.check();
      expect(fence.standing().standing).toBe(true);
    },
  );

  it('says so when an address could not be closed, and closes it with the next check', async () => {
    await fence.ensure(BRIDGE);
    await fence.grant(GRANT);
    backend.failing.add('apply');
    await expect(fence.revoke(GRANT.address, GRANT.mac)).rejects.toMatchObject(UNAVAILABLE);
    expect(backend.addresses('open')).toEqual([GRANT.address]);
    expect(fence.standing().standing).toBe(false);
    backend.failing.clear();
    await fence.check();
    expect(backend.addresses('open')).toEqual([]);
  });

  it('says so when the connections of an address could not be forgotten', async () => {
    await fence.ensure(BRIDGE);
    await fence.grant(GRANT);
    backend.failing.add('forget');
    await expect(fence.revoke(GRANT.address, GRANT.mac)).rejects.toMatchObject(UNAVAILABLE);
    expect(backend.addresses('open')).toEqual([]);
    backend.failing.clear();
    await fence.check();
    await fence.grant(GRANT);
    expect(backend.calls.slice(-2)).toEqual(['forget 10.9.0.7', 'grant']);
  });

  it('closes what another MAC on the address had been granted', async () => {
    await fence.ensure(BRIDGE);
    await fence.grant(GRANT);
    await fence.grant({ ...GRANT, mac: '02:42:0a:09:00:99' });
    await fence.check();
    await fence.revoke(GRANT.address, GRANT.mac);
    expect(backend.addresses('open')).toEqual([]);
  });

  it('watches while a grant is held, and tells whether it could repair', async () => {
    await fence.ensure(BRIDGE);
    const breaks: FenceBreak[] = [];
    fence.watch((broken) => breaks.push(broken));
    await fence.grant(GRANT);
    backend.standing = false;
    await expect.poll(() => breaks).toMatchObject([{ repaired: true }]);
    expect(backend.addresses('open')).toEqual([GRANT.address]);
    backend.standing = false;
    backend.failing.add('apply');
    await expect.poll(() => breaks.at(-1)).toMatchObject({ repaired: false });
  });

  it('waits, with all that is open, while the machine does not let it look, but not for ever', async () => {
    await fence.ensure(BRIDGE);
    const breaks: FenceBreak[] = [];
    fence.watch((broken) => breaks.push(broken));
    await fence.grant(GRANT);
    backend.cause = Object.assign(new Error('spawn nft EMFILE'), { code: 'EMFILE' });
    for (const part of ['apply', 'forget', 'list', 'links'] as const) backend.failing.add(part);
    await expect(fence.check()).rejects.toMatchObject({ cause: { cause: { code: 'EMFILE' } } });
    nowMs += 29_000;
    await expect(fence.check()).rejects.toMatchObject(UNAVAILABLE);
    await expect(fence.grant({ ...GRANT, address: '10.9.0.8' })).rejects.toMatchObject({
      cause: { cause: { code: 'EMFILE' } },
    });
    expect(breaks).toEqual([]);
    nowMs += 2000;
    await expect(fence.check()).rejects.toMatchObject(UNAVAILABLE);
    expect(breaks.at(-1)).toMatchObject({ repaired: false });

    backend.failing.clear();
    await fence.check();
    expect(breaks.at(-1)).toMatchObject({ repaired: true });
    expect(backend.addresses('open')).toEqual([GRANT.address]);
    // The next time begins from nothing.
    backend.failing.add('list');
    const told = breaks.length;
    await expect(fence.check()).rejects.toMatchObject(UNAVAILABLE);
    expect(breaks).toHaveLength(told);
  });

  it('leaves its rules when the service stops, and takes them away when the instance is removed', async () => {
    await fence.ensure(BRIDGE);
    await fence.shutdown();
    expect(backend.standing).toBe(true);
    await fence.removeAll();
    expect(backend.standing).toBe(false);
    expect(deniedPeers.includes('10.9.0.200')).toBe(false);
  });

  describe('around a filtered bridge beside an open one', () => {
    beforeEach(() => {
      backend.interfaces.push({ name: 'rsl1', master: null, addresses: ['10.10.0.1'] });
    });

    it('adds the second with the grants of the first, and forgets its own connections alone', async () => {
      await fence.ensure(BRIDGE);
      await fence.grant(GRANT);
      await fence.ensure(FILTERED);
      await fence.check();
      await fence.grant(GATEWAY_GRANT);
      await fence.check();
      expect(backend.calls.slice(3)).toEqual(['place', 'forget 10.10.0.0/24', 'grant']);
      expect(fence.summary()).toEqual({ open: 1, gateway: 1, bridges: ['rsl0', 'rsl1'] });
      expect(backend.addresses('open')).toEqual([GRANT.address]);
      expect(backend.addresses('gateway')).toEqual([GATEWAY_GRANT.address]);
      expect(deniedPeers.includes('10.10.0.200')).toBe(true);
    });

    it('places both at once with what both keep, so that neither is left without rules', async () => {
      await fence.ensureAll([
        { bridge: BRIDGE, kept: [GRANT] },
        { bridge: FILTERED, kept: [GATEWAY_GRANT] },
      ]);
      expect(backend.calls).toEqual([
        'place',
        'forget 10.9.0.0/24 but 10.9.0.7',
        'forget 10.10.0.0/24 but 10.10.0.7',
      ]);
      await fence.check();
      expect(fence.summary()).toMatchObject({ open: 1, gateway: 1 });
    });

    it('forgets the connections of what was kept before it is granted again', async () => {
      await fence.ensure(BRIDGE);
      await fence.ensure(FILTERED, [GATEWAY_GRANT]);
      await fence.grant(GATEWAY_GRANT);
      expect(backend.calls.slice(-2)).toEqual(['forget 10.10.0.7', 'grant']);
    });

    it('refuses to open an address of the filtered one, and a gateway grant on the open one', async () => {
      await fence.ensureAll([
        { bridge: BRIDGE, kept: [] },
        { bridge: FILTERED, kept: [] },
      ]);
      const placed = backend.calls.length;
      const grants = [
        { ...GRANT, address: GATEWAY_GRANT.address },
        { ...GATEWAY_GRANT, address: GRANT.address },
      ];
      for (const grant of grants) await expect(fence.grant(grant)).rejects.toThrow(TypeError);
      await expect(fence.ensure(FILTERED, [GRANT])).resolves.toBeUndefined();
      expect(backend.calls).toHaveLength(placed);
      expect(fence.summary()).toMatchObject({ open: 0, gateway: 0 });
    });

    it('takes a gateway grant back, whether or not it was given by this process', async () => {
      await fence.ensure(FILTERED);
      await fence.grant(GATEWAY_GRANT);
      await fence.revoke(GATEWAY_GRANT.address, GATEWAY_GRANT.mac.toUpperCase());
      await fence.revoke(GATEWAY_GRANT.address, GATEWAY_GRANT.mac);
      expect(backend.addresses('gateway')).toEqual([]);
      expect(backend.calls.slice(-2)).toEqual(['revoke', 'forget 10.10.0.7']);
      await fence.check();
    });

    it('places anew for another port, and keeps the grants', async () => {
      await fence.ensure(FILTERED);
      await fence.grant(GATEWAY_GRANT);
      await fence.ensure({ ...FILTERED, gatewayPort: 41_001 });
      await fence.check();
      expect(backend.calls.slice(3)).toEqual(['place', 'forget 10.10.0.0/24 but 10.10.0.7']);
      expect(backend.addresses('gateway')).toEqual([GATEWAY_GRANT.address]);
    });

    it('closes what a bridge no longer gives when it becomes filtered, or open', async () => {
      await fence.ensure(BRIDGE);
      await fence.grant(GRANT);
      await fence.ensure({ ...BRIDGE, gatewayPort: 41_000 });
      expect(backend.addresses('open')).toEqual([]);
      expect(backend.calls.at(-1)).toBe('forget 10.9.0.0/24');
      await fence.check();
      await fence.grant({ ...GATEWAY_GRANT, address: GRANT.address });
      await fence.ensure(BRIDGE);
      expect(backend.addresses('gateway')).toEqual([]);
      await fence.check();
    });

    it('lets go of a bridge whose addresses another has now', async () => {
      await fence.ensure(FILTERED);
      await fence.grant(GATEWAY_GRANT);
      const next = { ...FILTERED, bridge: 'rsl2', gatewayPort: null };
      backend.interfaces = [{ name: 'rsl2', master: null, addresses: ['10.10.0.1'] }];
      await fence.ensure(next);
      expect(fence.summary()).toEqual({ open: 0, gateway: 0, bridges: ['rsl2'] });
      expect(deniedPeers.includes('10.10.0.200')).toBe(true);
    });

    it('goes on when the engine’s network of the idle one is removed, and fences it when it is back', async () => {
      await fence.ensure(BRIDGE);
      await fence.ensure(FILTERED);
      await fence.grant(GRANT);
      const [link] = backend.interfaces.splice(1);
      await fence.check();
      await fence.ensure(BRIDGE);
      await expect(fence.ensure(FILTERED)).rejects.toMatchObject(UNAVAILABLE);
      await fence.ensure(BRIDGE);
      backend.interfaces.push(link as HostLink);
      await fence.ensure(FILTERED);
      await fence.grant(GATEWAY_GRANT);
      backend.interfaces.splice(1);
      await expect(fence.check()).rejects.toMatchObject(UNAVAILABLE);
    });
  });
});
