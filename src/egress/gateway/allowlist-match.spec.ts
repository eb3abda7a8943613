import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { checkedEgressEntries, parseEgressEntry } from '../../config/egress-entry.js';
import { hostText, parseAuthority, parseHost } from '../../kernel/host-name.js';
import { judgeTarget, matchEntries, type Target } from './allowlist-match.js';

function target(authority: string): Target {
  const { host, port } = parseAuthority(authority)!;
  return { host, port: port ?? 443 };
}

/** The entry that lets it through, or why none does. */
function outcome(authority: string, ...entries: string[]): string {
  const match = matchEntries(target(authority), checkedEgressEntries(entries));
  return 'entry' in match ? match.entry.text : match.reason;
}

describe('an entry of the allowlist', () => {
  it('lets its host through on 80 and 443, and no other host', () => {
    expect(outcome('example.com:443', 'example.com')).toBe('example.com');
    expect(outcome('EXAMPLE.com.:80', 'example.com')).toBe('example.com');
    expect(outcome('www.example.com:443', 'example.com')).toBe('not_listed');
    expect(outcome('com:443', 'example.com')).toBe('not_listed');
    expect(outcome('example.com.evil.net:443', 'example.com')).toBe('not_listed');
    expect(outcome('bücher.example:443', 'xn--bcher-kva.example')).toBe('xn--bcher-kva.example');
  });

  it('lets no other port through than its own', () => {
    expect(outcome('example.com:22', 'example.com')).toBe('port_not_listed');
    expect(outcome('example.com:8443', 'example.com', 'example.com:8443')).toBe('example.com:8443');
    expect(outcome('example.com:443', 'example.com:8443')).toBe('port_not_listed');
  });

  it('with a wildcard lets names below it through at any depth, and never itself', () => {
    expect(outcome('a.x.com:443', '*.x.com')).toBe('*.x.com');
    expect(outcome('a.b.c.x.com:443', '*.x.com')).toBe('*.x.com');
    for (const other of ['x.com', 'x.com.evil', 'evilx.com', 'a.evilx.com', 'x.com.evil.net']) {
      expect(outcome(`${other}:443`, '*.x.com')).toBe('not_listed');
    }
    expect(outcome('a.x.com:8443', '*.x.com:8443')).toBe('*.x.com:8443');
    expect(outcome('a.x.com:25', '*.x.com')).toBe('port_not_listed');
  });

  it('lets an address through only as that address, in any notation', () => {
    for (const written of ['203.0.113.7', '0xcb.0.0x71.7', '3405803783', '0313.0.0161.07']) {
      expect(outcome(`${written}:443`, 'example.com', '*.example.com')).toBe('literal_address');
      expect(outcome(`${written}:443`, '203.0.113.7')).toBe('203.0.113.7');
    }
    expect(outcome('203.0.113.7:22', '203.0.113.7')).toBe('port_not_listed');
    expect(outcome('[2001:db8::1]:443', '[2001:db8:0::1]')).toBe('[2001:db8::1]');
    expect(outcome('[::ffff:203.0.113.7]:443', '203.0.113.7')).toBe('literal_address');
  });

  it('matches by labels, whatever the names', () => {
    const names = fc.domain().filter((name) => parseHost(name)?.kind === 'name');
    const label = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const wildcards = names.filter((name) => !('problem' in parseEgressEntry(`*.${name}`)));
    fc.assert(
      fc.property(wildcards, label, fc.integer({ min: 0, max: 3 }), (name, extra, depth) => {
        const below = `${`${extra}.`.repeat(depth)}${name}:443`;
        const spelled = hostText(parseHost(name)!);
        expect(outcome(below, `*.${name}`)).toBe(depth === 0 ? 'not_listed' : `*.${spelled}`);
        expect(outcome(below, name)).toBe(depth === 0 ? spelled : 'not_listed');
        expect(outcome(`${extra}${name}:443`, `*.${name}`)).toBe('not_listed');
        expect(outcome(`${name}.${extra}zz:443`, name, `*.${name}`)).toBe('not_listed');
      }),
      { numRuns: 2000 },
    );
  });

  it('decides the same whatever other entries stand beside it', () => {
    const entry = fc.constantFrom('a.test', '*.a.test', 'a.test:22', 'b.test', '203.0.113.7');
    const asked = fc.constantFrom('a.test:443', 'x.a.test:80', 'a.test:22', '203.0.113.7:443');
    fc.assert(
      fc.property(fc.array(entry), asked, (entries, authority) => {
        const alone = entries.some((one) => one === outcome(authority, one));
        expect(new Set<string>(entries).has(outcome(authority, ...entries))).toBe(alone);
      }),
    );
  });
});

describe('the operator’s list and the request’s', () => {
  const judge = (authority: string, operators: string[], requested: string[] | null) =>
    judgeTarget(
      target(authority),
      checkedEgressEntries(operators),
      requested && checkedEgressEntries(requested),
    );

  it('must both let it through', () => {
    expect(judge('a.test:443', ['a.test', 'b.test'], ['a.test'])).toEqual({
      denial: null,
      rule: 'a.test',
    });
    expect(judge('b.test:443', ['a.test', 'b.test'], ['a.test'])).toEqual({
      denial: { reason: 'not_listed', list: 'request' },
      rule: null,
    });
    expect(judge('c.test:443', ['a.test'], ['c.test'])).toEqual({
      denial: { reason: 'not_listed', list: 'operator' },
      rule: null,
    });
  });

  it('let everything through where there is none', () => {
    expect(judge('a.test:22', [], null)).toEqual({ denial: null, rule: null });
    expect(judge('203.0.113.7:22', [], null)).toEqual({ denial: null, rule: null });
    expect(judge('a.test:443', [], ['a.test'])).toEqual({ denial: null, rule: 'a.test' });
    expect(judge('b.test:443', [], ['a.test']).denial?.list).toBe('request');
  });

  it('let nothing through where the request’s is empty', () => {
    expect(judge('a.test:443', [], []).denial).toEqual({ reason: 'not_listed', list: 'request' });
  });

  it('never let through what either alone refuses', () => {
    const entries = fc.array(fc.constantFrom('a.test', '*.a.test', 'a.test:22', '203.0.113.7'), {
      minLength: 1,
    });
    const asked = fc.constantFrom('a.test:443', 'x.a.test:80', 'a.test:22', '203.0.113.7:443');
    fc.assert(
      fc.property(entries, entries, asked, (operators, requested, authority) => {
        const both = judge(authority, operators, requested).denial === null;
        const one = judge(authority, operators, null).denial === null;
        const other = judge(authority, [], requested).denial === null;
        expect(both).toBe(one && other);
      }),
    );
  });
});
