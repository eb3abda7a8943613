import { describe, expect, it } from 'vitest';

import type { HostLink } from './fence-backend.js';
import { findFault } from './fence-inspection.js';
import { parseDuration, parseListing } from './fence-listing.js';

const EMPTY = `table inet risoluto_a { # handle 5
\tset open { # handle 7
\t\ttype ipv4_addr . ether_addr
\t\tflags timeout
\t}

\tchain input { # handle 1
\t\ttype filter hook input priority -200; policy accept;
\t\tiifname "rsl0" drop # handle 10
\t}
}
`;
const filled = (elements: string) =>
  EMPTY.replace('flags timeout\n', `flags timeout\n\t\telements = { ${elements} }\n`);

describe('a listing of the kernel', () => {
  it('is the same text whatever its sets hold', () => {
    const text = filled(
      '10.9.0.2 . 02:42:0a:09:00:02 timeout 1h expires 59m58s20ms,\n\t\t\t     10.9.0.3 . 02:42:0a:09:00:03',
    );
    expect(parseListing(text).structure).toBe(EMPTY);
    expect([...(parseListing(text).sets.get('open') ?? [])]).toEqual([
      ['10.9.0.2 . 02:42:0a:09:00:02', 3598.02],
      ['10.9.0.3 . 02:42:0a:09:00:03', null],
    ]);
  });

  it('is another text when a rule, a handle, a hook or a flag is another', () => {
    const { structure } = parseListing(EMPTY);
    for (const [from, to] of [
      ['handle 10', 'handle 11'],
      ['drop', 'accept'],
      ['-200', '-100'],
      ['handle 5\n', 'handle 5\n\tflags dormant\n'],
      ['\t\tiifname "rsl0" drop # handle 10\n', ''],
    ] as const) {
      expect(parseListing(EMPTY.replace(from, to)).structure).not.toBe(structure);
    }
  });

  it.each([
    ['1h59m3s', 7143],
    ['2d', 172_800],
    ['500ms', 0.5],
    ['soon', Number.POSITIVE_INFINITY],
    ['', Number.POSITIVE_INFINITY],
  ])('reads the time %s', (text, seconds) => expect(parseDuration(text)).toBe(seconds));
});

describe('the comparison with what should stand', () => {
  const bridge = EMPTY.replace('inet', 'bridge');
  const bridges = [{ bridge: 'rsl0', subnet: '10.9.0.0/24', gateway: '10.9.0.1' }];
  const links = [{ name: 'rsl0', master: null, addresses: ['10.9.0.1'] }];
  const needed = new Set<string>();
  const expected = { inet: EMPTY, bridge, bridges, needed, grants: [] };

  it('finds nothing when all is as it was', () => {
    expect(findFault(expected, { inet: EMPTY, bridge, links })).toBeNull();
  });

  it.each([
    ['a table gone', { inet: null }],
    ['a rule gone', { bridge: bridge.replace('drop', '') }],
    ['the bridge gone', { links: [] }],
    ['the bridge without its gateway', { links: [{ ...links[0]!, addresses: [] }] }],
    [
      'an address without a grant',
      { inet: filled('10.9.0.2 . 02:42:0a:09:00:02 timeout 1h expires 5s') },
    ],
  ])('finds %s', (_, over) => {
    expect(findFault(expected, { inet: EMPTY, bridge, links, ...over })).not.toBeNull();
  });

  it('misses a second bridge only when it is needed, or is there in another form', () => {
    const second = { bridge: 'rsl1', subnet: '10.10.0.0/24', gateway: '10.10.0.1' };
    const both = { ...expected, bridges: [...bridges, second] };
    const link = { name: 'rsl1', master: null, addresses: ['10.10.0.1'] };
    const fault = (over: { needed?: ReadonlySet<string>; links?: HostLink[] }) =>
      findFault(
        { ...both, needed: over.needed ?? needed },
        { inet: EMPTY, bridge, links: [...links, ...(over.links ?? [])] },
      );
    expect(fault({ links: [link] })).toBeNull();
    expect(fault({})).toBeNull();
    expect(fault({ needed: new Set(['rsl1']) })).toContain('rsl1');
    expect(fault({ links: [{ ...link, name: 'renamed' }] })).toContain('rsl1');
    expect(fault({ links: [{ ...link, addresses: [] }] })).toContain('rsl1');
  });
});
