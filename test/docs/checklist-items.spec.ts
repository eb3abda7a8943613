import { describe, expect, it } from 'vitest';

import { CHECK_ORDER } from '../../src/hardening/check-order.js';
import { commandPages, readPage } from './markdown.js';

const ID = '([a-z][a-z-]*)';

/** How a page names an item: in prose, in a question to the service, in `jq`, to `--acknowledge`. */
const NAMES = [
  `\\bitems? \`${ID}\``,
  `\\bitem=${ID}`,
  `\\.id == "${ID}"`,
  `--acknowledge ${ID}`,
].map((pattern) => new RegExp(pattern, 'g'));

function itemsNamedIn(text: string): string[] {
  return NAMES.flatMap((pattern) => [...text.matchAll(pattern)].map(([, id = '']) => id));
}

describe('the items of the checklist', () => {
  const pages = commandPages();

  it.each(pages)('that $path names are there', ({ text }) => {
    const unknown = itemsNamedIn(text).filter((id) => !CHECK_ORDER.some((known) => known === id));
    expect(unknown).toEqual([]);
  });

  it('are all in their page, in their order', () => {
    const { text } = readPage('docs/hardening-items.md');
    const rows = [...text.matchAll(/^\| `([a-z-]+)`/gm)].map(([, id]) => id);
    expect(rows).toEqual([...CHECK_ORDER]);
  });

  it('are named on several pages', () => {
    expect(pages.flatMap(({ text }) => itemsNamedIn(text)).length).toBeGreaterThan(3);
  });
});
