import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { assertSecretKey, assertSecretValue } from './secret-name.js';

const refusal = (check: () => void): unknown => {
  try {
    check();
  } catch (error) {
    return error;
  }
  return null;
};

describe('assertSecretKey', () => {
  it.each(['A', 'NPM_TOKEN', 'a.b:c-d', '..', '-', '__proto__', 'x'.repeat(128)])(
    'takes %j',
    (key) => {
      expect(refusal(() => assertSecretKey(key))).toBeNull();
    },
  );

  it.each([
    '',
    'x'.repeat(129),
    'a b',
    'a/b',
    '../x',
    'a\n',
    'a\0',
    'é',
    'ａ',
    'А',
    'a%2fb',
    'ſ',
    '\u212a',
  ])('refuses %j and names the field', (key) => {
    expect(refusal(() => assertSecretKey(key))).toMatchObject({
      code: 'invalid_secret_key',
      details: [{ field: 'key' }],
    });
  });

  it('takes ASCII of the pattern and nothing else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 140 }), (key) => {
        const taken = refusal(() => assertSecretKey(key)) === null;
        expect(taken).toBe(/^[\x2d\x2e0-9:A-Z_a-z]{1,128}$/.test(key));
      }),
    );
  });
});

describe('assertSecretValue', () => {
  it.each(['x', ' ', '\0', 'x'.repeat(65_536), 'é'.repeat(32_768), '😀'])(
    'takes a good value',
    (value) => {
      expect(refusal(() => assertSecretValue(value))).toBeNull();
    },
  );

  it.each([
    undefined,
    null,
    5,
    true,
    {},
    ['canary'],
    '',
    'canary\ud800',
    '\udc00canary',
    'x'.repeat(65_537),
    'é'.repeat(32_769),
  ])('refuses a bad one, names the field and does not repeat it', (value) => {
    const error = refusal(() => assertSecretValue(value));
    expect(error).toMatchObject({ code: 'invalid_secret_value', details: [{ field: 'value' }] });
    expect(JSON.stringify([error, (error as Error).message])).not.toContain('canary');
  });
});
