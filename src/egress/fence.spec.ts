import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { FakeFenceBackend } from '../../test/egress/fake-fence-backend.js';
import { DeniedPeerRanges } from '../auth/denied-peers.js';
import { Fence, type FenceBreak } from './fence.js';
import { FenceReport } from './fence-report.js';

const BRIDGE = { bridge: 'rsl0', subnet: '10.9.0.0/24', gateway: '10.9.0.1' };
const GRANT = { address: '10.9.0.7', mac: '02:42:0a:09:00:07', resolvers: [], seconds: 60 };
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
    await expect(fence.grantOpen(GRANT)).rejects.toMatchObject(UNAVAILABLE);
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
    await fence.grantOpen(other);
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
    await fence.grantOpen(GRANT);
    await fence.revoke(GRANT.address, GRANT.mac);
    await fence.grantOpen(GRANT);
    expect(backend.calls.slice(2)).toEqual(['grant', 'revoke', 'forget 10.9.0.7', 'grant']);
  });

  it('forgets them before a grant too, once it had been broken', async () => {
    await fence.ensure(BRIDGE);
    backend.standing = false;
    await fence.check();
    await fence.grantOpen(GRANT);
    expect(backend.calls.slice(2)).toEqual(['place', 'forget 10.9.0.7', 'grant']);
  });

  it('refuses everything when it cannot stand, with the remedy', async () => {
    backend.obstacleNow = { reason: 'not installed: nft', remedy: 'apt-get install nftables' };
    await expect(fence.ensure(BRIDGE)).rejects.toMatchObject({
      code: 'control_unavailable',
      details: [{ field: 'fence', message: 'apt-get install nftables' }],
    });
    await expect(fence.grantOpen(GRANT)).rejects.toMatchObject(UNAVAILABLE);
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
      await fence.grantOpen(GRANT).catch(() => undefined);
      await expect(fence.check().then(() => fence.grantOpen(GRANT))).rejects.toMatchObject(
        UNAVAILABLE,
      );
      backend.failing.clear();
      await fence.check();
      expect(fence.standing().standing).toBe(true);
    },
  );

  it('says so when an address could not be closed, and closes it with the next check', async () => {
    await fence.ensure(BRIDGE);
    await fence.grantOpen(GRANT);
    backend.failing.add('apply');
    await expect(fence.revoke(GRANT.address, GRANT.mac)).rejects.toMatchObject(UNAVAILABLE);
    expect(backend.openAddresses()).toEqual([GRANT.address]);
    expect(fence.standing().standing).toBe(false);
    backend.failing.clear();
    await fence.check();
    expect(backend.openAddresses()).toEqual([]);
  });

  it('says so when the connections of an address could not be forgotten', async () => {
    await fence.ensure(BRIDGE);
    await fence.grantOpen(GRANT);
    backend.failing.add('forget');
    await expect(fence.revoke(GRANT.address, GRANT.mac)).rejects.toMatchObject(UNAVAILABLE);
    expect(backend.openAddresses()).toEqual([]);
    backend.failing.clear();
    await fence.check();
    await fence.grantOpen(GRANT);
    expect(backend.calls.slice(-2)).toEqual(['forget 10.9.0.7', 'grant']);
  });

  it('closes what another MAC on the address had been granted', async () => {
    await fence.ensure(BRIDGE);
    await fence.grantOpen(GRANT);
    await fence.grantOpen({ ...GRANT, mac: '02:42:0a:09:00:99' });
    await fence.check();
    await fence.revoke(GRANT.address, GRANT.mac);
    expect(backend.openAddresses()).toEqual([]);
  });

  it('watches while a grant is held, and tells whether it could repair', async () => {
    await fence.ensure(BRIDGE);
    const breaks: FenceBreak[] = [];
    fence.watch((broken) => breaks.push(broken));
    await fence.grantOpen(GRANT);
    backend.standing = false;
    await expect.poll(() => breaks).toMatchObject([{ repaired: true }]);
    expect(backend.openAddresses()).toEqual([GRANT.address]);
    backend.standing = false;
    backend.failing.add('apply');
    await expect.poll(() => breaks.at(-1)).toMatchObject({ repaired: false });
  });

  it('waits, with all that is open, while the machine does not let it look, but not for ever', async () => {
    await fence.ensure(BRIDGE);
    const breaks: FenceBreak[] = [];
    fence.watch((broken) => breaks.push(broken));
    await fence.grantOpen(GRANT);
    backend.cause = Object.assign(new Error('spawn nft EMFILE'), { code: 'EMFILE' });
    for (const part of ['apply', 'forget', 'list', 'links'] as const) backend.failing.add(part);
    await expect(fence.check()).rejects.toMatchObject({ cause: { cause: { code: 'EMFILE' } } });
    nowMs += 29_000;
    await expect(fence.check()).rejects.toMatchObject(UNAVAILABLE);
    await expect(fence.grantOpen({ ...GRANT, address: '10.9.0.8' })).rejects.toMatchObject({
      cause: { cause: { code: 'EMFILE' } },
    });
    expect(breaks).toEqual([]);
    nowMs += 2000;
    await expect(fence.check()).rejects.toMatchObject(UNAVAILABLE);
    expect(breaks.at(-1)).toMatchObject({ repaired: false });

    backend.failing.clear();
    await fence.check();
    expect(breaks.at(-1)).toMatchObject({ repaired: true });
    expect(backend.openAddresses()).toEqual([GRANT.address]);
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
});
