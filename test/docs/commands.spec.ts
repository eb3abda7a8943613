import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { checkBlock } from './block-checks.js';
import { ELSEWHERE } from './elsewhere.js';
import { commandPages, ROOT, type Block } from './markdown.js';
import { isRun, runPage, type PageRun } from './page-run.js';
import { startForPage, type PageService } from './page-service.js';
import { setupOf } from './pages.js';
import { shortfallOf } from './shortfall.js';

const pages = commandPages();

describe.each(pages.filter(({ blocks }) => blocks.some(isRun)))('$path, pasted', (page) => {
  let started: PageService | null = null;
  let done: PageRun;

  beforeAll(async () => {
    const setup = setupOf(page.path);
    started = await startForPage(page, setup);
    const { service } = started;
    const place: Record<string, string> = service === null ? {} : { DATA_DIR: service.dataDir };
    done = await runPage(page, { ...setup, env: { ...place, ...setup.env } });
  }, 300_000);

  afterAll(() => started?.stop());

  it.each(page.blocks.filter(isRun).map((block) => ({ block, ...nameOf(block) })))(
    'line $line: $first',
    ({ block }) => {
      expect(shortfallOf(block, done.blocks.get(block.line))).toBeNull();
    },
  );

  it('calls what it is said to call', () => {
    const listed = ELSEWHERE.filter((entry) => entry.page === page.path);
    expect([...done.called].sort()).toEqual(listed.map(({ command }) => command).sort());
  });
});

const lookedAt = pages.filter(({ blocks }) => !blocks.every(isRun));

describe.each(lookedAt)('$path, looked at', (page) => {
  it.each(
    page.blocks.filter((block) => !isRun(block)).map((block) => ({ block, ...nameOf(block) })),
  )('line $line: $first', ({ block }) => {
    expect(checkBlock(block)).toBeNull();
  });
});

describe('a command that is proven elsewhere', () => {
  it.each(ELSEWHERE)('$page: $command', ({ page, proof }) => {
    expect(pages.map(({ path }) => path)).toContain(page);
    expect(existsSync(join(ROOT, proof)), proof).toBe(true);
  });
});

function nameOf({ line, text }: Block) {
  return { line, first: (text.split('\n')[0] ?? '').slice(0, 60) };
}
