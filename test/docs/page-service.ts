import { parse } from 'yaml';

import { LinearImpostor } from '../support/linear-impostor.js';
import { linearSchema } from '../support/linear-schema.js';
import { startService, type RunningService } from '../support/service.js';
import type { Page } from './markdown.js';
import type { PageSetup } from './pages.js';

export interface PageService {
  readonly service: RunningService | null;
  stop(): Promise<void>;
}

/** The service that a page speaks to on port 4000, and Linear behind it where the page needs one. */
export async function startForPage(page: Page, setup: PageSetup): Promise<PageService> {
  if (setup.service === null) return { service: null, stop: () => Promise.resolve() };
  const env = { RISOLUTO_PORT: '4000', ...setup.service.env };
  if (setup.linear === null) {
    const service = await startService({ ...setup.service, env });
    return { service, stop: async () => void (await service.stop()) };
  }
  const linear = await linearOf(setup.linear);
  const yaml = settingsOf(page, linear.url);
  const service = await startService({ ...setup.service, env, yaml });
  return {
    service,
    async stop() {
      await service.stop();
      await linear.close();
    },
  };
}

/** Linear with one issue. */
export async function linearOf({
  key,
  issue,
}: {
  key: string;
  issue: string;
}): Promise<LinearImpostor> {
  linearSchema();
  const linear = await LinearImpostor.start();
  linear.key = key;
  linear.addIssue('issue-1', issue);
  return linear;
}

/** What the first block of settings on a page says, with Linear at that address. */
export function settingsOf(page: Page, apiUrl: string): object {
  const block = page.blocks.find(({ language }) => language === 'yaml');
  if (block === undefined) throw new Error(`${page.path} has no settings`);
  return { ...(parse(block.text) as object), webhooks: { outbound: { linear: { apiUrl } } } };
}
