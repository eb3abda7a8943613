import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { BLOCKED_RANGES } from './blocked-ranges.js';
import {
  validateBridge,
  validateGrant,
  type FencedBridge,
  type OpenGrant,
} from './fenced-bridge.js';
import { formatIpv4, parseIpv4, parseRange, rangeIncludes } from './ipv4.js';
import {
  elements,
  grantScript,
  placeScript,
  removeScript,
  revokeScript,
  tableName,
} from './ruleset.js';

const TABLE = tableName('0123456789abcdef');
const BRIDGE: FencedBridge = { bridge: 'rsl01234567', subnet: '10.9.0.0/24', gateway: '10.9.0.1' };
const GRANT: OpenGrant = {
  address: '10.9.0.7',
  mac: '02:42:0a:09:00:07',
  resolvers: ['10.0.0.53', '10.0.0.53', '9.9.9.9'],
  seconds: 60,
};
const plan = (over: object = {}) => ({
  table: TABLE,
  match: 'bridge-name' as const,
  bridges: [BRIDGE],
  grants: [],
  ports: [],
  ...over,
});

/** The rules of a chain, in order. */
function chain(script: string, family: 'inet' | 'bridge', name: string): string[] {
  const table = script.slice(script.indexOf(`\ntable ${family} `));
  const body = new RegExp(`chain ${name} \\{\\n([^}]*(?:\\{[^}]*\\}[^}]*)*?)\\n  \\}\\n`).exec(
    table,
  )?.[1];
  return (body ?? '').split('\n').map((line) => line.trim());
}

const blocked = (address: string) =>
  BLOCKED_RANGES.some((range) => rangeIncludes(parseRange(range), address));

describe('the rules of the fence', () => {
  it('hook before everybody else’s, at -200, and touch our bridges alone', () => {
    for (const match of ['bridge-name', 'port-list'] as const) {
      const script = placeScript(plan({ match, bridges: [BRIDGE] }));
      const hooks = script.match(/type filter hook .*/g) ?? [];
      expect(hooks).toHaveLength(5);
      for (const hook of hooks) expect(hook).toMatch(/priority -200; policy accept;$/);
    }
    for (const name of ['input', 'forward', 'output']) {
      const [, ...rules] = chain(placeScript(plan()), 'inet', name);
      for (const rule of rules) expect(rule).toMatch(/^[io]ifname \{ "rsl01234567" \} /);
    }
  });

  it('drop by default: every chain that is jumped to ends in a verdict', () => {
    const script = placeScript(plan());
    expect(chain(script, 'inet', 'input').at(-1)).toBe('iifname { "rsl01234567" } drop');
    expect(chain(script, 'inet', 'to_sandbox').at(-1)).toBe('drop');
    expect(chain(script, 'inet', 'from_host').at(-1)).toBe('drop');
    expect(chain(script, 'bridge', 'from_port').at(-1)).toBe('drop');
  });

  it('let out nothing before the address and MAC are known to be open', () => {
    const rules = chain(placeScript(plan()), 'inet', 'from_sandbox');
    const gate = rules.indexOf('ip saddr . ether saddr != @open drop');
    expect(gate).toBe(1);
    const firstAccept = rules.findIndex((rule) => rule.endsWith('accept'));
    expect(firstAccept).toBeGreaterThan(rules.indexOf('oifname { "rsl01234567" } drop'));
    expect(rules[firstAccept]).toContain('@resolvers meta l4proto { tcp, udp } th dport 53');
    expect(rules.at(-1)).toBe('accept');
  });

  it('never accept for being established but in the direction of the answer', () => {
    const accepting = placeScript(plan()).match(/.*established.*/g) ?? [];
    expect(accepting).toHaveLength(1);
    expect(accepting[0]).toContain('ct direction reply');
    expect(accepting[0]).toContain('ip daddr @open_address');
  });

  it('start with empty sets, unless grants are handed in', () => {
    expect(placeScript(plan())).not.toContain('add element');
    const filled = placeScript(plan({ grants: [GRANT] }));
    expect(filled.match(/add element/g)).toHaveLength(elements(GRANT).length);
    expect(filled).toContain(`open { ${GRANT.address} . ${GRANT.mac} timeout 60s }`);
  });

  it('replace whatever stands under their names in the same transaction', () => {
    expect(placeScript(plan()).startsWith(removeScript(TABLE))).toBe(true);
  });

  it('grant and revoke the same elements', () => {
    const revoke = revokeScript(TABLE, GRANT);
    for (const { family, set, key } of elements(GRANT)) {
      expect(revoke).toContain(`delete element ${family} ${TABLE} ${set} { ${key} }\n`);
      expect(grantScript(TABLE, GRANT)).toContain(`${set} { ${key} timeout 60s }\n`);
    }
    expect(elements(GRANT).filter(({ set }) => set === 'resolvers')).toHaveLength(2);
  });
});

describe('what an open address never reaches', () => {
  it.each([
    '169.254.169.254',
    '169.254.170.2',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '127.0.0.1',
    '10.255.255.255',
    '172.31.255.255',
    '192.168.0.1',
    '0.0.0.0',
    '224.0.0.251',
    '255.255.255.255',
  ])('%s', (address) => expect(blocked(address)).toBe(true));

  it.each(['198.51.100.1', '203.0.113.9', '192.0.2.1', '1.1.1.1', '172.32.0.1', '168.63.129.17'])(
    'but %s',
    (address) => expect(blocked(address)).toBe(false),
  );

  it('has no range that contains another', () => {
    const ranges = BLOCKED_RANGES.map(parseRange).sort((a, b) => a.first - b.first);
    const overlaps = ranges.filter(
      (range, index) => range.first <= (ranges[index - 1]?.last ?? -1),
    );
    expect(overlaps).toEqual([]);
  });
});

/** Did it pass? A refusal must be a `TypeError`. */
function accepted(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return false;
  }
}

describe('values that reach a script', () => {
  it('are refused unless they are exactly what they should be', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (accepted(() => validateBridge({ ...BRIDGE, bridge: text }))) {
          expect(text).toMatch(/^[\w.-]{1,15}$/);
        }
        if (accepted(() => validateGrant({ ...GRANT, address: text }, [BRIDGE]))) {
          expect(text).toMatch(/^10\.9\.0\.\d+$/);
        }
        expect(accepted(() => validateGrant({ ...GRANT, mac: text }, [BRIDGE]))).toBe(false);
        expect(accepted(() => validateGrant({ ...GRANT, resolvers: [text] }, [BRIDGE]))).toBe(
          false,
        );
        expect(accepted(() => tableName(`${text} `))).toBe(false);
      }),
    );
  });

  it.each([
    ['the gateway', { address: BRIDGE.gateway }],
    ['an address of another network', { address: '10.8.0.7' }],
    ['a loopback resolver', { resolvers: ['127.0.0.53'] }],
    ['no time', { seconds: 0 }],
    ['half a second', { seconds: 0.5 }],
    ['time without end', { seconds: Number.POSITIVE_INFINITY }],
  ])('a grant for %s is refused', (_, over) => {
    expect(() => validateGrant({ ...GRANT, ...over }, [BRIDGE])).toThrow(TypeError);
  });

  it('addresses survive parsing and printing', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(formatIpv4(parseIpv4(address))).toBe(address);
        expect(rangeIncludes(parseRange(`${address}/20`), address)).toBe(true);
      }),
    );
  });
});
