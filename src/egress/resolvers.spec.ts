import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { chooseResolvers, parseNameservers, renderResolvConf } from './resolvers.js';

const STUB = 'nameserver 127.0.0.53\noptions edns0 trust-ad\n';
const UPSTREAM = '# by systemd-resolved\nnameserver 192.168.1.1\nnameserver fd00::1\n';

describe('the resolvers of an open sandbox', () => {
  it('are the operator’s, where there are any', () => {
    expect(chooseResolvers(['10.0.0.53'], [UPSTREAM])).toEqual(['10.0.0.53']);
  });

  it('are the host’s own, looked up behind a local stub', () => {
    expect(chooseResolvers([], ['nameserver 10.1.1.1\n', UPSTREAM])).toEqual(['10.1.1.1']);
    expect(chooseResolvers([], [STUB, UPSTREAM])).toEqual(['192.168.1.1']);
  });

  it('are none rather than a loopback address', () => {
    expect(chooseResolvers([], [STUB, ''])).toEqual([]);
    expect(chooseResolvers(['127.0.0.1', '0.0.0.0'], [UPSTREAM])).toEqual([]);
  });

  it('are never loopback, and at most three, whatever the files hold', () => {
    const line = fc.oneof(
      fc.ipV4().map((ip) => `nameserver ${ip}`),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const chosen = chooseResolvers([], [lines.join('\n')]);
        expect(chosen.length).toBeLessThanOrEqual(3);
        expect(new Set(chosen).size).toBe(chosen.length);
        for (const address of chosen) expect(address).not.toMatch(/^(127|0)\./);
      }),
    );
  });

  it('are read as the C library reads them', () => {
    const text =
      ' nameserver\t1.1.1.1 # first\n#nameserver 2.2.2.2\n;nameserver 3.3.3.3\nnameserver 4.4.4.4.\n';
    expect(parseNameservers(text)).toEqual(['1.1.1.1']);
  });

  it('are written to its resolv.conf, where a closed one finds none', () => {
    expect(renderResolvConf(['9.9.9.9', '10.0.0.53'])).toBe(
      'nameserver 9.9.9.9\nnameserver 10.0.0.53\n',
    );
    expect(renderResolvConf([])).not.toContain('nameserver');
  });
});
