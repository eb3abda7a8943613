import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Redacted } from '../kernel/redacted.js';
import { ExpectedToken, bearerTokenOf } from './bearer-token.js';
import { DenialLog } from './denial-log.js';

describe('bearerTokenOf', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER   abc ', 'abc'],
    ['Bearer a+b/c=', 'a+b/c='],
  ])('of %j is %j', (header, token) => {
    expect(bearerTokenOf(header)).toBe(token);
  });

  it.each([
    undefined,
    '',
    'abc',
    'Bearer',
    'Bearer ',
    'Bearerabc',
    'Basic abc',
    'Bearer a b',
    'Bearer\tabc',
  ])('finds none in %j', (header) => {
    expect(bearerTokenOf(header)).toBeNull();
  });
});

describe('ExpectedToken', () => {
  it('matches itself and nothing else, whatever the lengths', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), (token, other) => {
        const expected = new ExpectedToken(new Redacted(token));
        expect(expected.matches(token)).toBe(true);
        expect(expected.matches(other)).toBe(other === token);
        expect(expected.matches(token + other)).toBe(other === '');
        expect(expected.matches(token.slice(0, -1))).toBe(false);
      }),
    );
  });
});

describe('DenialLog', () => {
  it('writes one line a second for each code and counts the rest', () => {
    const lines: unknown[] = [];
    let now = 0;
    const log = new DenialLog({ warn: (line: unknown) => void lines.push(line) }, () => now);
    const denial = { requestId: 'r', clientAddress: 'a', method: 'PUT', route: '/x' };
    for (let count = 0; count < 1000; count += 1) log.write('write_forbidden', denial);
    log.write('read_unauthorized', denial);
    now = 1000;
    log.write('write_forbidden', denial);
    expect(lines).toMatchObject([
      { code: 'write_forbidden', leftOut: 0 },
      { code: 'read_unauthorized', leftOut: 0 },
      { code: 'write_forbidden', leftOut: 999 },
    ]);
  });
});
