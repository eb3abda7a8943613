import { Resolver } from 'node:dns/promises';
import { randomBytes } from 'node:crypto';

import { beforeEach, describe, expect, it } from 'vitest';

import { world } from '../support/world.js';

const HARMLESS = '93.184.216.34';
const PRIVATE = '169.254.169.254';

const resolver = new Resolver({ timeout: 3000, tries: 1 });
resolver.setServers([world.addresses.resolver]);

const four = (name: string) => resolver.resolve4(name).then((found) => found.join());
const six = (name: string) => resolver.resolve6(name).then((found) => found.join());
/** Its answers change with each question, so each test asks for one of its own. */
const fresh = (name: string) => `n${randomBytes(4).toString('hex')}.${name}`;

describe('names of the test world', () => {
  beforeEach(() => world.clear());

  it('say which addresses they resolve to', async () => {
    expect(await four('x.10-0-0-5.ip.test')).toBe('10.0.0.5');
    await expect(six('10-0-0-5.ip.test')).rejects.toMatchObject({ code: 'ENODATA' });
    expect(await six('0--ffff-a9fe-a9fe.ip6.test')).toBe('::ffff:169.254.169.254');
    expect(await six('64-ff9b--a9fe-a9fe.ip6.test')).toBe('64:ff9b::a9fe:a9fe');
    await expect(four('fd00-ec2--254.ip6.test')).rejects.toMatchObject({ code: 'ENODATA' });
    expect((await four('10-0-0-5.both.test')).split(',').sort()).toEqual(['10.0.0.5', HARMLESS]);
    expect(await four('10-0-0-5.alias.test')).toBe('10.0.0.5');
    expect(await four('metadata.google.internal')).toBe(PRIVATE);
    expect(await four('any.other.test')).toBe('203.0.113.10');
    expect(world.askedNames()).toContain('any.other.test');
  });

  it('change their answers, once or by turns', async () => {
    const once = fresh('169-254-169-254.rebind.test');
    await six(once).catch(() => null);
    const answers = [await four(once), await four(once), await four(once)];
    expect(answers).toEqual([HARMLESS, PRIVATE, PRIVATE]);
    const turns = fresh('169-254-169-254.turns.test');
    expect([await four(turns), await four(turns), await four(turns)]).toEqual([
      HARMLESS,
      PRIVATE,
      HARMLESS,
    ]);
  });

  it('fail as names do', async () => {
    await expect(four('a.missing.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(four('a.broken.test')).rejects.toMatchObject({ code: 'ESERVFAIL' });
    await expect(four('a.empty.test')).rejects.toMatchObject({ code: 'ENODATA' });
    await expect(four('a.silent.test')).rejects.toMatchObject({ code: 'ETIMEOUT' });
    const before = performance.now();
    expect(await four('500.slow.test')).toBe(HARMLESS);
    expect(performance.now() - before).toBeGreaterThan(490);
  });
});
