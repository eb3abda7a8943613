import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { sized } from '../../test/support/long-form.js';
import { checkedEgressEntries } from '../config/egress-entry.js';
import { narrowAllowlist } from './allowlist-narrowing.js';

const widenedBy = (operator: readonly string[], requested: readonly string[]) => {
  const widened: string[] = [];
  narrowAllowlist(operator, requested, widened);
  return widened;
};

describe('an allowlist of a request', () => {
  it.each([
    [['a.example'], ['a.example']],
    [['a.example'], ['a.example:443']],
    [['a.example:80', 'a.example:443'], ['a.example']],
    [
      ['*.example.org'],
      ['a.example.org', '*.b.example.org', '*.example.org', 'a.b.example.org:80'],
    ],
    [['*.example.org:8443'], ['a.example.org:8443']],
    [['203.0.113.7'], ['203.0.113.7:443']],
    [[], ['anything.example:9999']],
  ])('of %j may ask for %j', (operator, requested) => {
    expect(widenedBy(operator, requested)).toEqual([]);
    expect(narrowAllowlist(operator, requested, [])).toEqual(requested);
  });

  it.each([
    [['a.example'], 'b.example'],
    [['a.example'], '*.a.example'],
    [['a.example'], 'a.example:8443'],
    [['a.example:443'], 'a.example'],
    [['*.example.org'], 'example.org'],
    [['*.example.org'], 'evilexample.org'],
    [['*.example.org'], 'example.org.evil.test'],
    [['*.a.example.org'], '*.example.org'],
    [['*.113.7'], '203.0.113.7'],
  ])('of %j is widened by %s', (operator, requested) => {
    const valid = operator.filter((text) => text !== '*.113.7');
    expect(widenedBy(['x.example', ...valid], ['x.example', requested])).toEqual([
      'policy.egressAllowlist.1',
    ]);
  });

  it('is widened by none at all, which means everything', () => {
    expect(widenedBy(['a.example'], [])).toEqual(['policy.egressAllowlist']);
    expect(narrowAllowlist([], [], [])).toBeNull();
    expect(narrowAllowlist(['a.example'], undefined, [])).toBeNull();
  });

  it('lets nothing through that the operator’s does not', () => {
    const label = fc.constantFrom('a', 'b', 'ab');
    const name = fc
      .array(label, { minLength: 1, maxLength: 3 })
      .map((parts) => `${parts.join('.')}.x.test`);
    const entry = fc
      .tuple(fc.boolean(), name, fc.constantFrom('', ':80', ':443', ':8443'))
      .map(([wildcard, host, port]) => `${wildcard ? '*.' : ''}${host}${port}`);
    const list = fc.array(entry, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        list,
        list,
        name,
        fc.constantFrom(80, 443, 8443),
        (operator, requested, host, port) => {
          fc.pre(widenedBy(operator, requested).length === 0);
          if (passes(requested, host, port)) expect(passes(operator, host, port)).toBe(true);
        },
      ),
      { numRuns: sized(1000, 3000) },
    );
  });
});

/** Written another way on purpose. */
function passes(list: readonly string[], host: string, port: number): boolean {
  return checkedEgressEntries(list).some((entry) => {
    const pattern = `${entry.wildcard ? '.+\\.' : ''}${entry.host.text.replaceAll('.', '\\.')}`;
    const ports = entry.port === null ? [80, 443] : [entry.port];
    return new RegExp(`^${pattern}$`).test(host) && ports.includes(port);
  });
}
