import { parse } from 'yaml';

import { LinearImpostor } from '../support/linear-impostor.js';
import { linearSchema } from '../support/linear-schema.js';
import { PROVIDER_URL, startWorldProvider } from '../support/model-provider/world-provider.js';
import { startService, type RunningService } from '../support/service.js';
import type { Page } from './markdown.js';
import type { PageSetup } from './pages.js';

export interface PageService {
  readonly service: RunningService | null;
  stop(): Promise<void>;
}

/** The service that a page speaks to on port 4000, and what stands behind it where the page needs that. */
export async function startForPage(page: Page, setup: PageSetup): Promise<PageService> {
  if (setup.service === null) return { service: null, stop: () => Promise.resolve() };
  const env = { RISOLUTO_PORT: '4000', ...setup.service.env };
  if (setup.linear === null) {
    const service = await startService({ ...setup.service, env });
    return { service, stop: async () => void (await service.stop()) };
  }
  const { model, ...account } = setup.linear;
  const linear = await linearOf(account);
  const provider = await startWorldProvider();
  provider.script(model.marker, ...model.replies);
  const yaml = settingsOf(page, linear.url);
  const service = await startService({ ...setup.service, env, yaml });
  return {
    service,
    async stop() {
      await service.stop();
      await Promise.all([linear.close(), provider.close()]);
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

/** The settings of a page of Linear and an agent, as far as tests add to them. */
export interface AgentPageSettings {
  dispatch: object[];
  webhooks: { outbound: object };
  codex: { sandbox: { credentialRoutes: object[] } } & Record<string, unknown>;
}

/** What the first block of settings on a page says, with Linear at that address and the tests' model provider. */
export function settingsOf(page: Page, apiUrl: string): AgentPageSettings {
  const block = page.blocks.find(({ language }) => language === 'yaml');
  if (block === undefined) throw new Error(`${page.path} has no settings`);
  const { codex, webhooks, ...rest } = parse(block.text) as AgentPageSettings;
  const credentialRoutes = codex.sandbox.credentialRoutes.map(toTheProvider);
  return {
    ...rest,
    webhooks: { outbound: { ...webhooks.outbound, linear: { apiUrl } } },
    codex: { ...codex, sandbox: { ...codex.sandbox, credentialRoutes } },
  };
}

/** A route as it stands on a page, with the tests' provider behind it. */
export function toTheProvider(route: object): object {
  return { ...route, upstream: PROVIDER_URL, plainHttp: true };
}
