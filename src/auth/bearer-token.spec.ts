import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Redacted } from '../kernel/redacted.js';
import { ExpectedToken, bearerTokenOf } from './bearer-token.js';

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
