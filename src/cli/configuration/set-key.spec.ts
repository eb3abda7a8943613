import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { NotSettable, withKeySet } from './set-key.js';

describe('withKeySet', () => {
  it('leaves everything else of the text as it is', () => {
    const text =
      '# ours\nruns:\n  maxConcurrent: 3 # three\n\ncodex:\n  # below\n  sandbox:\n    security: { noNewPrivileges: false }\n';
    expect(withKeySet(text, 'codex.sandbox.security.noNewPrivileges', 'true')).toBe(
      text.replace('noNewPrivileges: false', 'noNewPrivileges: true'),
    );
    expect(withKeySet(text, 'runs.maxConcurrent', '4')).toBe(text.replace(': 3', ': 4'));
  });

  it.each([
    ['an empty text', '', { a: { b: 1 } }],
    ['a comment alone', '# nothing\n', { a: { b: 1 } }],
    ['a key without a value', 'a:\nc: 2\n', { a: { b: 1 }, c: 2 }],
    ['a flow map', '{ a: { x: 1 }, c: 2 }\n', { a: { x: 1, b: 1 }, c: 2 }],
    ['a JSON text', '{"a":{"b":0}}', { a: { b: 1 } }],
    ['a text that has it so', 'a:\n  b: 1\n', { a: { b: 1 } }],
  ])('sets a key in %s', (_what, text, expected) => {
    expect(parse(withKeySet(text, 'a.b', '1'))).toEqual(expected);
  });

  it('sets a key of an item of a list, in both styles', () => {
    for (const text of ['a:\n  - x: 1\n  - x: 2\n', 'a: [{ x: 1 }, { x: 2 }]\n']) {
      const after: unknown = parse(withKeySet(text, 'a.1.r', 'true'));
      expect(after).toEqual({ a: [{ x: 1 }, { x: 2, r: true }] });
    }
  });

  it('takes lists and texts with a colon inside', () => {
    expect(parse(withKeySet('', 'image', 'sha256:ab'))).toEqual({ image: 'sha256:ab' });
    expect(parse(withKeySet('', 'list', '[a, b]'))).toEqual({ list: ['a', 'b'] });
  });

  it.each([
    ['a: 1\n', 'a.b', '1'],
    ['a: [1]\n', 'a.b', '1'],
    ['x: &x { b: 0 }\na: *x\n', 'a.b', '1'],
    ['', 'a.0.b', '1'],
    ['a: {\n', 'a.b', '1'],
    ['', 'a', '{'],
    ['', 'a', ''],
    ['- 1\n', 'a', '1'],
  ])('refuses what it cannot do to %j: %s', (text, key, value) => {
    expect(() => withKeySet(text, key, value)).toThrow(NotSettable);
  });
});
