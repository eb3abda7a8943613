import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { itAlike } from '../support/long-form.js';
import type { Attacker } from './attacker.js';
import { FenceLab } from './fence-lab.js';
import { ANSWERED_PORT } from './internet.js';

const FAR = '203.0.113.50';

const reaches = (attacker: Attacker) => attacker.tcp(FAR, ANSWERED_PORT);
const median = (times: number[]) => times.sort((a, b) => a - b)[5] ?? Infinity;

describe.each(['runc', 'runsc'] as const)('a grant, %s', (runtime) => {
  const alike = itAlike(runtime);
  let lab: FenceLab;

  beforeAll(async () => {
    lab = await FenceLab.create();
  });
  beforeEach(() => lab.fence.ensure(lab.bridge));
  afterEach(() => lab.removeAttackers());
  afterAll(() => lab.destroy());

  it('cuts a live connection at once when it is taken back, and leaves no connection entry', async () => {
    const attacker = await lab.attacker({ runtime });
    await lab.open(attacker);
    await attacker.keepReading(FAR, ANSWERED_PORT);
    expect(await attacker.isReading()).toBe(true);
    expect(await lab.connections(attacker.address)).not.toEqual([]);

    await lab.close(attacker);
    expect(await attacker.isReading()).toBe(false);
    expect(await lab.connections(attacker.address)).toEqual([]);
    await lab.close(attacker);
  });

  it('N21 is not inherited by the next container on the address', async () => {
    const first = await lab.attacker({ runtime });
    await lab.open(first);
    expect(await reaches(first)).toBe(true);
    await first.remove();

    const { address, mac } = first;
    const otherMac = await lab.attacker({ runtime, address });
    expect(await reaches(otherMac)).toBe(false);
    await otherMac.remove();

    await lab.close(first);
    const sameMac = await lab.attacker({ runtime, address, mac });
    expect(await reaches(sameMac)).toBe(false);
    await lab.open(sameMac);
    expect(await reaches(sameMac)).toBe(true);
    await lab.close(sameMac);
  });

  alike('N21 is not inherited by a silent connection of an earlier turn', async () => {
    const attacker = await lab.attacker({ runtime });
    await lab.open(attacker);
    expect(await attacker.hearsLater(FAR, ANSWERED_PORT, () => Promise.resolve())).toBe(true);
    const nextTurn = async () => {
      await lab.close(attacker);
      await lab.open(attacker);
    };
    expect(await attacker.hearsLater(FAR, ANSWERED_PORT, nextTurn)).toBe(false);
    expect(await reaches(attacker)).toBe(true);
    await lab.close(attacker);
  });

  alike('N21 ends when the service was killed and starts again', async () => {
    const attacker = await lab.attacker({ runtime });
    await lab.open(attacker);
    await attacker.keepReading(FAR, ANSWERED_PORT);
    // What a killed service leaves: its rules and their elements, and nobody who watches.
    await lab.fence.shutdown();
    const next = lab.anotherFence();
    await next.ensure(lab.bridge);
    expect(await attacker.isReading()).toBe(false);
    expect(await reaches(attacker)).toBe(false);
    expect(await lab.connections(attacker.address)).toEqual([]);

    const { address, mac } = attacker;
    await next.grant({ kind: 'open', address, mac, resolvers: [], seconds: 60 });
    expect(await reaches(attacker)).toBe(true);
    await next.revoke(address, mac);
    await next.shutdown();
    await lab.close(attacker);
    await lab.fence.check();
  });

  alike('ends by itself after its seconds', async () => {
    const attacker = await lab.attacker({ runtime });
    await lab.open(attacker, [], 3);
    expect(await reaches(attacker)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(await reaches(attacker)).toBe(false);
    await lab.fence.check();
    await lab.close(attacker);
  });

  alike(
    'is given and taken back without the connections of the host being walked twice',
    async () => {
      const address = lab.bridge.gateway.replace(/\.1$/, '.200');
      const grant = {
        kind: 'open' as const,
        address,
        mac: '02:00:00:00:02:00',
        resolvers: [],
        seconds: 60,
      };
      const given: number[] = [];
      const taken: number[] = [];
      for (let round = 0; round < 10; round += 1) {
        const start = performance.now();
        await lab.fence.grant(grant);
        const open = performance.now();
        await lab.fence.revoke(address, grant.mac);
        given.push(open - start);
        taken.push(performance.now() - open);
      }
      console.log(`a grant takes ${median(given)} ms, taking it back ${median(taken)} ms`);
      // The least of them: the machine has other work, and a walk would be in every one.
      expect(Math.min(...given)).toBeLessThan(150);
      expect(Math.min(...taken)).toBeLessThan(300);
    },
  );
});
