import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { judgePath, readRoutePath } from './route-path.js';

const ALL = { paths: ['/*'] };
const SOME = { paths: ['/models', '/responses/*'] };

describe('the path of a route’s request', () => {
  it('is read into the name, the rest and the query', () => {
    expect(readRoutePath('/r/model/a/b?c=d?e')).toEqual({
      name: 'model',
      path: '/a/b',
      query: '?c=d?e',
    });
    expect(readRoutePath('/r/model')).toEqual({ name: 'model', path: '', query: '' });
    expect(readRoutePath('/r/model?q')).toEqual({ name: 'model', path: '', query: '?q' });
    expect(readRoutePath('/r/')).toEqual({ name: '', path: '', query: '' });
    expect(readRoutePath('/')).toBeNull();
    expect(readRoutePath('/R/model')).toBeNull();
  });

  it.each([
    '/..',
    '/a/../b',
    '/a/./b',
    '/a/..;x=1/b',
    '/a/%2e%2e/b',
    '/a/%2E./b',
    '/a/.%2e',
    '/a/%252e%252e/b',
    '/a/%252e%252e/%25',
    '/a/%25252e%25252e/b',
    '/a/..%2fb',
    '/a/..%5cb',
    '/a/%5c..%5cb',
    '/a\\..\\b',
    '/a//b',
    '//a',
    '/a/%00',
    '/a/%0d%0aHost:x',
    '/a/%c0%ae%c0%ae/b',
    '/a/%ff',
    '/a/%',
    '/a/%zz',
    '/a/%ef%bc%8e%ef%bc%8e/b',
    '/a/%e2%80%a5/b',
    `/${'%25'.repeat(1)}${'25'.repeat(8)}2e`,
  ])('is unclear where two readers may differ: %s', (path) => {
    expect(judgePath(path, ALL)).toBe('unclear');
    expect(judgePath(path, SOME)).not.toBeNull();
  });

  it.each([
    '',
    '/',
    '/a',
    '/a/',
    '/a.b/..c/...',
    '/group%2Fproject',
    '/100%25',
    '/%E2%82%AC',
    '/a;b',
  ])('passes where every path may: %j', (path) => expect(judgePath(path, ALL)).toBeNull());

  it.each([
    ['/models', null],
    ['/%6dodels', null],
    ['/responses/', null],
    ['/responses/1/cancel', null],
    ['/models/', 'not_listed'],
    ['/models/1', 'not_listed'],
    ['/Models', 'not_listed'],
    ['/responses', 'not_listed'],
    ['/responsesX', 'not_listed'],
    ['/files', 'not_listed'],
    ['', 'not_listed'],
    ['/responses%2f1', 'unclear'],
    ['/responses/%2f', 'unclear'],
    ['/responses/..%2ffiles', 'unclear'],
    ['/models%3fx', 'not_listed'],
    ['/%256dodels', 'not_listed'],
  ])('%j of listed ones: %s', (path, verdict) => {
    expect(judgePath(path, SOME)).toBe(verdict);
  });

  it('never leaves what is listed, however an upstream decodes and joins it', () => {
    const piece = fc.constantFrom(
      '..',
      '.',
      '%2e',
      '%2E',
      '%252e',
      '%2f',
      '%5c',
      '/',
      '\\',
      'x',
      ';',
      '%',
      '25',
      '2e',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const path = `/responses/${pieces.join('')}`;
        if (judgePath(path, SOME) !== null) return;
        let reading = path;
        for (let round = 0; round < 6; round += 1) {
          const { pathname } = new URL(`http://x${reading.replaceAll('\\', '/')}`);
          expect(pathname.startsWith('/responses/')).toBe(true);
          reading = reading.replaceAll(/%[0-9a-f]{2}/gi, (escape) =>
            String.fromCharCode(Number.parseInt(escape.slice(1), 16)),
          );
        }
      }),
      { numRuns: 3000 },
    );
  });
});
