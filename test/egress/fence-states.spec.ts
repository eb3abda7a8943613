import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { FenceLab } from './fence-lab.js';
import { ANSWERED_PORT } from './internet.js';

describe.each(['runc', 'runsc'] as const)('the fence around %s', (runtime) => {
  let lab: FenceLab;

  beforeAll(async () => {
    lab = await FenceLab.create();
  });
  afterEach(() => lab.removeAttackers());
  afterAll(() => lab.destroy());

  it('N3 N4 closes an address to TCP, UDP and ICMP, and opens it with a grant', async () => {
    const attacker = await lab.attacker({ runtime });
    expect(await attacker.tcp('203.0.113.1', ANSWERED_PORT)).toBe(true);

    await lab.fence.ensure(lab.bridge);
    expect(lab.fence.standing().standing).toBe(true);
    expect(await attacker.tcp('203.0.113.2', ANSWERED_PORT)).toBe(false);
    expect(await attacker.udp('203.0.113.2', ANSWERED_PORT)).toBe(false);
    await attacker.ping('203.0.113.2');
    expect((await lab.internet.arrivals()).filter((seen) => seen.includes('203.0.113.2'))).toEqual([]);

    await lab.open(attacker);
    expect(await attacker.tcp('203.0.113.3', ANSWERED_PORT)).toBe(true);
    expect(await attacker.udp('203.0.113.3', ANSWERED_PORT)).toBe(true);
    await attacker.ping('203.0.113.3');
    expect(await lab.internet.saw('203.0.113.3', 'icmp')).toBe(true);

    await lab.close(attacker);
    expect(await attacker.tcp('203.0.113.4', ANSWERED_PORT)).toBe(false);
    await lab.fence.check();
  });
});
