import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { describe, expect, it } from 'vitest';

import { commandPages, parsePage, readPage, ROOT, type Page } from './markdown.js';

const decisions = readdirSync(join(ROOT, 'docs/adr')).map((name) => readPage(`docs/adr/${name}`));
const pages = [...commandPages(), ...decisions];

/** Links to files or headings of this repository that lead nowhere. */
function deadLinks(page: Page): string[] {
  return page.links
    .filter(({ target }) => !/^[a-z]+:/.test(target))
    .filter(({ target }) => !resolves(page, target))
    .map(({ line, target }) => `line ${line}: ${target}`);
}

function resolves(page: Page, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page.path : relative(ROOT, join(ROOT, dirname(page.path), path));
  if (path !== '' && !existsSync(join(ROOT, file))) return false;
  if (anchor === undefined) return true;
  if (file === page.path) return page.anchors.has(anchor);
  const isPage = file.endsWith('.md') && statSync(join(ROOT, file)).isFile();
  return isPage && readPage(file).anchors.has(anchor);
}

describe('the links', () => {
  it.each(pages)('of $path lead somewhere', (page) => {
    expect(deadLinks(page)).toEqual([]);
  });

  it('that are dead are found', () => {
    const text =
      '# One [two](x)\n[a](#one-two) [b](#three) [c](../README.md#start) [d](../README.md#no)\n' +
      '[e](none.md) [f](https://example.com) `[g](none.md)`\n';
    expect(deadLinks(parsePage('docs/made-up.md', text))).toEqual([
      'line 1: x',
      'line 2: #three',
      'line 2: ../README.md#no',
      'line 3: none.md',
    ]);
  });

  it('are many', () => {
    expect(pages.flatMap(({ links }) => links).length).toBeGreaterThan(8);
  });
});
