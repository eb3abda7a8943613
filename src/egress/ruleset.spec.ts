import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { BLOCKED_RANGES } from './blocked-ranges.js';
import {
  validateBridge,
  validateGrant,
  type FencedBridge,
  type GatewayGrant,
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
  kind: 'open',
  address: '10.9.0.7',
  mac: '02:42:0a:09:00:07',
  resolvers: ['10.0.0.53', '10.0.0.53', '9.9.9.9'],
  seconds: 60,
};
const FILTERED: FencedBridge = {
  bridge: 'rsl89abcdef',
  subnet: '10.10.0.0/24',
  gateway: '10.10.0.1',
  gatewayPort: 41_000,
};
const GATEWAY_GRANT: GatewayGrant = {
  kind: 'gateway',
  address: '10.10.0.7',
  mac: '02:42:0a:0a:00:07',
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
  it('hook before everybody else’s, on the way out after connection tracking, and touch our bridges alone', () => {
    for (const match of ['bridge-name', 'port-list'] as const) {
      const script = placeScript(plan({ match, bridges: [BRIDGE] }));
      const hooks = script.match(/type filter hook .*/g) ?? [];
      expect(hooks).toHaveLength(5);
      for (const hook of hooks) {
        const priority = hook.includes('hook output') ? -190 : -200;
        expect(hook).toContain(`priority ${priority}; policy accept;`);
      }
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

  it('never accept for being established but in the direction that the sandbox began', () => {
    const accepting = placeScript(plan()).match(/.*established.*/g) ?? [];
    expect(accepting.map((rule) => rule.trim())).toEqual([
      'ct direction original ct state established accept',
      'ct direction reply ct state established ip daddr @gateway_address accept',
      'ct direction reply ct state established,related ip daddr @open_address accept',
    ]);
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

describe('the rules of a filtered bridge', () => {
  const script = placeScript(plan({ bridges: [BRIDGE, FILTERED] }));

  it('let in what goes to the gateway’s port alone, and nothing else of the bridge', () => {
    expect(chain(script, 'inet', 'input').slice(1)).toEqual([
      'iifname "rsl89abcdef" ip daddr 10.10.0.1 tcp dport 41000 jump to_gateway',
      'iifname { "rsl01234567", "rsl89abcdef" } drop',
    ]);
    const rules = chain(script, 'inet', 'to_gateway');
    expect(rules[0]).toBe('ip saddr . ether saddr != @gateway drop');
    expect(rules.at(-1)).toBe('drop');
  });

  it('let the host answer from that port alone', () => {
    expect(chain(script, 'inet', 'output').slice(1)).toEqual([
      'oifname "rsl89abcdef" ip saddr 10.10.0.1 tcp sport 41000 jump from_gateway',
      'oifname { "rsl01234567", "rsl89abcdef" } jump from_host',
    ]);
    expect(chain(script, 'inet', 'from_gateway').at(-1)).toBe('drop');
  });

  it('forward nothing, whatever the sets hold', () => {
    expect(chain(script, 'inet', 'forward').slice(1, 3)).toEqual([
      'iifname { "rsl89abcdef" } drop',
      'oifname { "rsl89abcdef" } drop',
    ]);
  });

  it('let a port send TCP to its own gateway, and ARP with it, for pairs that were granted', () => {
    const rules = chain(script, 'bridge', 'from_port').slice(2, -1);
    expect(rules).toHaveLength(2);
    for (const rule of rules) {
      expect(rule).toContain('10.10.0.0/24');
      expect(rule).toContain('10.10.0.1 ');
      expect(rule).toContain('. ether saddr @gateway');
    }
    expect(rules[0]).toMatch(/^ether type ip .* tcp dport 41000 accept$/);
  });

  it('are none where no bridge is filtered', () => {
    const rules = placeScript(plan()).match(/jump (to|from)_gateway/g);
    expect(rules).toBeNull();
  });

  it('hold a grant in sets of its own', () => {
    expect(elements(GATEWAY_GRANT).map(({ family, set }) => `${family} ${set}`)).toEqual([
      'inet gateway',
      'inet gateway_address',
      'bridge gateway',
    ]);
    const filled = placeScript(plan({ bridges: [FILTERED], grants: [GATEWAY_GRANT] }));
    expect(filled).toContain(`gateway { ${GATEWAY_GRANT.address} . ${GATEWAY_GRANT.mac} timeout`);
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

  it('a grant of the kind that its bridge does not give is refused', () => {
    const bridges = [BRIDGE, FILTERED];
    expect(validateGrant(GRANT, bridges)).toEqual(GRANT);
    expect(validateGrant(GATEWAY_GRANT, bridges)).toEqual(GATEWAY_GRANT);
    const swapped = [
      { ...GRANT, address: GATEWAY_GRANT.address },
      { ...GATEWAY_GRANT, address: GRANT.address },
    ];
    for (const grant of swapped) expect(() => validateGrant(grant, bridges)).toThrow(TypeError);
  });

  it.each([0, 65_536, 1.5, Number.NaN, '80; accept'])('the port %s is refused', (port) => {
    const bridge = { ...FILTERED, gatewayPort: port as number };
    expect(() => validateBridge(bridge)).toThrow(TypeError);
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
