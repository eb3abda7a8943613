import { describe, expect, it } from 'vitest';

import { laidOver, leavesOf, mergePatch } from './merge-patch.js';

describe('a merge patch', () => {
  // Appendix A of RFC 7396, all of it.
  it.each<[unknown, unknown, unknown]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('of %j with %j gives %j', (target, patch, merged) => {
    expect(mergePatch(target, patch)).toEqual(merged);
  });

  it('takes names of every object’s own for plain members', () => {
    const merged = mergePatch({}, JSON.parse('{"toString":{"a":1},"valueOf":null}'));
    expect(Object.entries(merged as object)).toEqual([['toString', { a: 1 }]]);
  });
});

describe('an object on top of another', () => {
  it('replaces values and lists, and keeps null for who judges it', () => {
    const under = { a: { b: 1, c: [1] }, d: 1 };
    expect(laidOver(under, { a: { c: [] }, d: null })).toEqual({ a: { b: 1, c: [] }, d: null });
    expect(under).toEqual({ a: { b: 1, c: [1] }, d: 1 });
  });
});

describe('the leaves of an object', () => {
  it('are its values by path; objects without members are none', () => {
    const leaves = leavesOf({ a: { b: 1, c: {}, d: [{ e: 1 }] }, f: null });
    expect([...leaves]).toEqual([
      ['a.b', 1],
      ['a.d', [{ e: 1 }]],
      ['f', null],
    ]);
    expect([...leavesOf({})]).toEqual([]);
  });
});
