import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import { load, parts } from './launch.mjs';

const root = mkdtempSync(join(tmpdir(), 'risoluto-launch-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let main: string;
beforeEach(() => {
  const directory = mkdtempSync(join(root, 'd-'));
  main = join(directory, 'main.cjs');
  writeFileSync(
    main,
    `
     const { join } = require('node:path');
     const { count } = require('./other.cjs');
     exports.sum = () => count() + count();
     exports.place = join(__dirname, 'x');
     exports.file = __filename;`,
  );
  writeFileSync(
    join(directory, 'other.cjs'),
    'const main = require("./main.cjs"); let n = 0; exports.early = main.sum; exports.count = () => (n += 1);',
  );
});

interface Main {
  sum: () => number;
  place: string;
  file: string;
}

/** As a build leaves it: what has been loaded is forgotten, and its code is kept. */
function keepCode(): void {
  for (const [file, { script }] of parts) writeFileSync(`${file}.code`, script.createCachedData());
  parts.clear();
}

const rejected = () => [...parts.values()].map(({ script }) => script.cachedDataRejected);

describe('a program in parts', () => {
  it('is loaded once each, also in a circle, with packages from Node', () => {
    const { sum, place, file } = load(main) as Main;
    expect([sum(), place, file]).toEqual([3, join(main, '../x'), main]);
    expect(load(main)).toBe(load(main));
  });

  it('is loaded with the code that was kept of it', () => {
    parts.clear();
    (load(main) as Main).sum();
    keepCode();
    expect((load(main) as Main).sum()).toBe(3);
    expect(rejected()).toEqual([false, false]);
  });

  it.each([
    ['of something else', null],
    ['no code at all', 'no code at all'],
  ])('is compiled where what was kept is %s', (_what, code) => {
    parts.clear();
    load(main);
    keepCode();
    const other = join(main, '../other.cjs');
    writeFileSync(other, `exports.count = () => 5; // ${code}`);
    if (code !== null) writeFileSync(`${other}.code`, code);
    expect((load(main) as Main).sum()).toBe(10);
    expect(rejected()).toEqual([false, true]);
  });
});
