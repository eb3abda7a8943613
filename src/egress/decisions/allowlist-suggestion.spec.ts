import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DEFAULT_PORTS, parseEgressEntry } from '../../config/egress-entry.js';
import { parseHost } from '../../kernel/host-name.js';
import { suggestEntries, type DecidedDestination } from './allowlist-suggestion.js';
import { DECISION_REASONS } from './decision.js';

const allowed = (host: string, port: number): DecidedDestination => ({
  host,
  port,
  allowed: true,
  reason: null,
});
const denied = (
  host: string,
  port: number,
  reason: DecidedDestination['reason'] = 'not_listed',
): DecidedDestination => ({ host, port, allowed: false, reason });

/** What an entry lets through, told as the settings read it and by nothing of the suggestion. */
function lets(entryText: string, host: string, port: number): boolean {
  const entry = parseEgressEntry(entryText);
  if ('problem' in entry) throw new Error(`${entryText} ${entry.problem}`);
  const asked = parseHost(host.includes(':') ? `[${host}]` : host);
  if (asked === null || entry.wildcard || entry.host.text !== asked.text) return false;
  return entry.port === null ? DEFAULT_PORTS.includes(port) : entry.port === port;
}

const hosts = fc.constantFrom(
  'a.test',
  'b.a.test',
  'xn--bcher-kva.test',
  '203.0.113.9',
  '2001:db8::1',
);
const PORTS = [80, 443, 8443, 22, 65_535];
const ports = fc.constantFrom(...PORTS);
const UNLISTED_OR_BLOCKED = fc.constantFrom(
  'not_listed' as const,
  'port_not_listed' as const,
  'blocked_address' as const,
);
const destinations = fc.array(
  fc.oneof(
    fc.record({
      host: hosts,
      port: ports,
      allowed: fc.constant(true),
      reason: fc.constantFrom(null, 'observed' as const),
    }),
    fc.record({
      host: fc.oneof(hosts, fc.constantFrom('*', '10.0.0.1', 'no host', '')),
      port: fc.oneof(ports, fc.constant(0)),
      allowed: fc.constant(false),
      reason: fc.oneof(UNLISTED_OR_BLOCKED, fc.constantFrom(...DECISION_REASONS)),
    }),
  ),
  { maxLength: 25 },
);

const unlisted = (one: DecidedDestination) =>
  !one.allowed && (one.reason === 'not_listed' || one.reason === 'port_not_listed');

describe('suggestEntries', () => {
  it('lets through all that was allowed, and would not with any entry less', () => {
    fc.assert(
      fc.property(destinations, (given) => {
        const { allowlist } = suggestEntries(given);
        const used = given.filter((one) => one.allowed);
        const suffices = (list: readonly string[]) =>
          used.every(({ host, port }) => list.some((entry) => lets(entry, host, port)));
        expect(suffices(allowlist)).toBe(true);
        for (const entry of allowlist) {
          expect(suffices(allowlist.filter((other) => other !== entry)), entry).toBe(false);
        }
      }),
    );
  });

  it('names no host that was not reached, and no port but 80 and 443 that was not', () => {
    fc.assert(
      fc.property(destinations, (given) => {
        const used = given.filter((one) => one.allowed);
        for (const text of suggestEntries(given).allowlist) {
          const matched = used.filter(({ host, port }) => lets(text, host, port));
          expect(matched.length, text).toBeGreaterThan(0);
        }
      }),
    );
  });

  it('offers what was denied as unlisted apart, and nothing that the list has already', () => {
    fc.assert(
      fc.property(destinations, (given) => {
        const { allowlist, denied: offered } = suggestEntries(given);
        const blocked = new Set(
          given.filter(({ reason }) => reason === 'blocked_address').map(({ host }) => host),
        );
        const wanted = given.filter(
          (one) =>
            unlisted(one) && !blocked.has(one.host) && one.port > 0 && !/^$|\*| /.test(one.host),
        );
        const suffices = (list: readonly string[]) =>
          wanted.every(({ host, port }) => list.some((entry) => lets(entry, host, port)));
        expect(suffices([...allowlist, ...offered])).toBe(true);
        for (const entry of offered) {
          const less = [...allowlist, ...offered.filter((other) => other !== entry)];
          expect(suffices(less), entry).toBe(false);
          for (const host of blocked) {
            const offersIt = PORTS.some((port) => lets(entry, host, port));
            expect(offersIt, `${entry} for ${host}`).toBe(false);
          }
        }
      }),
    );
  });

  it('is sorted, has each once, and says the same of any order', () => {
    fc.assert(
      fc.property(destinations, (given) => {
        const suggested = suggestEntries(given);
        for (const list of [suggested.allowlist, suggested.denied]) {
          expect(list).toEqual([...new Set(list)].toSorted());
        }
        expect(suggestEntries([...given].reverse().concat(given))).toEqual(suggested);
      }),
    );
  });

  it.each([
    ['one usual port', [allowed('a.test', 443)], ['a.test']],
    ['both', [allowed('a.test', 443), allowed('a.test', 80)], ['a.test']],
    ['another', [allowed('a.test', 8443)], ['a.test:8443']],
    [
      'one usual and another',
      [allowed('a.test', 443), allowed('a.test', 22)],
      ['a.test:22', 'a.test:443'],
    ],
    ['all', [80, 443, 22].map((port) => allowed('a.test', port)), ['a.test', 'a.test:22']],
    ['an IPv6 address', [allowed('2001:db8::1', 8080)], ['[2001:db8::1]:8080']],
    ['what was denied', [denied('a.test', 443)], []],
    ['what is known as a number', [allowed('*', 0)], []],
  ])('writes %s', (_what, given, allowlist) => {
    expect(suggestEntries(given).allowlist).toEqual(allowlist);
  });

  it.each([
    ['unlisted', [denied('a.test', 443)], ['a.test']],
    [
      'a port that is not',
      [allowed('a.test', 443), denied('a.test', 22, 'port_not_listed')],
      ['a.test:22'],
    ],
    ['allowed later on', [allowed('a.test', 443), denied('a.test', 80)], []],
    ['of another reason', [denied('a.test', 443, 'unresolved')], []],
    ['private', [denied('10.0.0.1', 443), denied('10.0.0.1', 443, 'blocked_address')], []],
    ['no host', [denied('a b', 443)], []],
  ])('offers of what is %s', (_what, given, offered) => {
    expect(suggestEntries(given).denied).toEqual(offered);
  });

  it('says when hosts are missing in it', () => {
    const asked = [allowed('a.test', 443), denied('*', 443, 'malformed')];
    expect(suggestEntries(asked).incomplete).toBe(false);
    expect(suggestEntries([allowed('a.test', 443), denied('*', 0, null)]).incomplete).toBe(true);
  });
});
