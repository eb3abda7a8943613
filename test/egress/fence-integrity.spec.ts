import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { FenceBreak } from '../../src/egress/fence-contract.js';
import type { Attacker } from './attacker.js';
import { eventually } from './commands.js';
import { FenceLab } from './fence-lab.js';
import { ANSWERED_PORT } from './internet.js';

const FAR = '203.0.113.60';

const pair = ({ address, mac }: Attacker) => `{ ${address} . ${mac} }`;

describe('the fence, when somebody changes it', () => {
  let lab: FenceLab;
  let open: Attacker;
  let closed: Attacker;

  beforeAll(async () => {
    lab = await FenceLab.create();
    await lab.fence.ensure(lab.bridge);
    open = await lab.attacker();
    closed = await lab.attacker();
    await lab.fence.check();
    await lab.open(open, ['10.77.0.53']);
  });
  afterAll(() => lab.destroy());

  const changes: [string, () => string | Promise<string>][] = [
    ['the inet table deleted', () => `delete table inet ${lab.table}`],
    ['the bridge table deleted', () => `delete table bridge ${lab.table}`],
    ['a chain emptied', () => `flush chain inet ${lab.table} from_sandbox`],
    ['the bridge’s chain emptied', () => `flush chain bridge ${lab.table} forward`],
    ['a rule put first', () => `insert rule inet ${lab.table} from_sandbox accept`],
    ['a rule put last', () => `add rule inet ${lab.table} forward accept`],
    ['a rule deleted', async () => lab.deleteRule('inet', 'input')],
    [
      'a rule replaced by its like',
      async () => `${await lab.deleteRule('inet', 'input')}
      add rule inet ${lab.table} input iifname "${lab.bridge.bridge}" drop`,
    ],
    ['the table put to sleep', () => `add table inet ${lab.table} { flags dormant; }`],
    ['an address opened', () => `add element inet ${lab.table} open ${pair(closed)}`],
    ['frames of an address let in', () => `add element bridge ${lab.table} open ${pair(closed)}`],
    [
      'a resolver added',
      () => `add element inet ${lab.table} resolvers { ${open.address} . 10.0.0.1 timeout 1h }`,
    ],
    [
      'a grant made endless',
      () => `delete element inet ${lab.table} open ${pair(open)}
      add element inet ${lab.table} open ${pair(open)}`,
    ],
    [
      'a grant made longer',
      () => `delete element inet ${lab.table} open ${pair(open)}
      add element inet ${lab.table} open { ${open.address} . ${open.mac} timeout 9h }`,
    ],
    ['a grant taken out', () => `delete element inet ${lab.table} open ${pair(open)}`],
  ];

  it('changes nothing when all is as it was', async () => {
    const before = await lab.structure();
    await lab.fence.check();
    await lab.fence.ensure(lab.bridge);
    expect(await lab.structure()).toBe(before);
  });

  it.each(changes)('notices and repairs at the next check: %s', async (_, change) => {
    const breaks: FenceBreak[] = [];
    const stop = lab.fence.watch((broken) => breaks.push(broken));
    const before = await lab.listingWithoutHandles();
    await lab.nft(await change());
    await lab.fence.check();
    stop();
    expect(breaks).toMatchObject([{ repaired: true }]);
    expect(await lab.listingWithoutHandles()).toBe(before);
    await lab.fence.check();
    expect(breaks).toHaveLength(1);
  });

  it('closes what a change had opened, and keeps the grants that were given', async () => {
    await lab.nft(`insert rule inet ${lab.table} forward accept
      insert rule bridge ${lab.table} prerouting accept`);
    expect(await closed.tcp(FAR, ANSWERED_PORT)).toBe(true);
    await lab.fence.check();
    expect(await closed.tcp(FAR, ANSWERED_PORT)).toBe(false);
    expect(await open.tcp(FAR, ANSWERED_PORT)).toBe(true);
  });

  it('is repaired by the watch while an address is open, with nobody asking', async () => {
    const breaks: FenceBreak[] = [];
    const stop = lab.fence.watch((broken) => breaks.push(broken));
    await lab.nft(`delete table inet ${lab.table}\ndelete table bridge ${lab.table}`);
    await eventually('the watch repairs it', () => breaks.length > 0, 5000);
    expect(breaks).toMatchObject([{ repaired: true }]);
    expect(await closed.tcp(FAR, ANSWERED_PORT)).toBe(false);
    expect(await open.tcp(FAR, ANSWERED_PORT)).toBe(true);
    stop();
  });

  it('lets nothing through while it is placed again and again', async () => {
    // So that it knows the way out: its frames then need no ARP, which is closed too.
    await lab.open(closed);
    expect(await closed.tcp(FAR, ANSWERED_PORT)).toBe(true);
    await lab.close(closed);
    await lab.internet.forget();
    const shouting = closed.shoutFor(6, '203.0.113.61', 9);
    const end = Date.now() + 5000;
    let placed = 0;
    while (Date.now() < end) {
      await lab.nft(`add rule inet ${lab.table} output accept`);
      await lab.fence.check();
      placed += 1;
    }
    expect(await shouting).toBeGreaterThan(1000);
    expect(placed).toBeGreaterThan(1);
    expect(await lab.internet.addressesSeen(['203.0.113.61'])).toEqual([]);
    expect(await open.tcp(FAR, ANSWERED_PORT)).toBe(true);
  });

  it('takes a bridge that has gone for a fault that it cannot repair', async () => {
    const breaks: FenceBreak[] = [];
    const stop = lab.fence.watch((broken) => breaks.push(broken));
    await lab.renameBridge(`x${lab.bridge.bridge}`);
    try {
      await expect(lab.fence.check()).rejects.toMatchObject({
        code: 'control_unavailable',
        details: [{ field: 'fence' }],
      });
      expect(lab.fence.standing().standing).toBe(false);
      expect(breaks.at(-1)).toMatchObject({ repaired: false });
    } finally {
      await lab.renameBridge(lab.bridge.bridge);
      stop();
    }
    await lab.fence.check();
    expect(lab.fence.standing().standing).toBe(true);
  });
});
