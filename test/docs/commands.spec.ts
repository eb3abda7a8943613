import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startService, type RunningService } from '../support/service.js';
import { checkBlock } from './block-checks.js';
import { ELSEWHERE } from './elsewhere.js';
import { commandPages, ROOT, type Block } from './markdown.js';
import { isRun, runPage, type PageRun } from './page-run.js';
import { setupOf } from './pages.js';
import { shortfallOf } from './shortfall.js';

const pages = commandPages();

describe.each(pages.filter(({ blocks }) => blocks.some(isRun)))('$path, pasted', (page) => {
  let service: RunningService | null = null;
  let done: PageRun;

  beforeAll(async () => {
    const setup = setupOf(page.path);
    const port = { RISOLUTO_PORT: '4000' };
    if (setup.service !== null) {
      service = await startService({ ...setup.service, env: { ...port, ...setup.service.env } });
    }
    const place: Record<string, string> = service === null ? {} : { DATA_DIR: service.dataDir };
    done = await runPage(page, { ...setup, env: { ...place, ...setup.env } });
  }, 300_000);

  afterAll(() => service?.stop());

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
