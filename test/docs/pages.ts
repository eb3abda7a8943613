import type { ServiceOptions } from '../support/service.js';

/** What a page takes for granted before its first command. */
export interface PageSetup {
  /** The service that it talks to on port 4000; null where the page starts its own. */
  service: ServiceOptions | null;
  /** Of the reader's shell. */
  env: Record<string, string>;
  /** Of GitHub's `${{ … }}`. */
  expressions: Record<string, string>;
}

const USUAL: PageSetup = { service: {}, env: {}, expressions: {} };

const TOKEN = 'the-write-token-of-a-page';
const LINEAR_SECRET = 'lin_wh_of_a_page_8Kq2Zx7Wm4';
const MASTER_KEY = 'the-master-key-of-a-page-0123456789abcdef';

const SETUPS: Readonly<Record<string, Partial<PageSetup>>> = {
  'README.md': { service: null },
  'docs/ci.md': {
    service: { env: { RISOLUTO_WRITE_TOKEN: TOKEN } },
    env: {
      RISOLUTO_WRITE_TOKEN: TOKEN,
      GITHUB_RUN_ID: '4711',
      CI_PIPELINE_ID: '4712',
    },
    expressions: { 'secrets.RISOLUTO_WRITE_TOKEN': TOKEN },
  },
  'docs/custom-sandbox.md': {
    service: { yaml: { codex: { sandbox: { image: 'team-sandbox:1' } } } },
  },
  'docs/dispatch.md': { service: null },
  'docs/webhooks.md': {
    service: { env: { RISOLUTO_LINEAR_WEBHOOK_SECRET: LINEAR_SECRET } },
    env: { RISOLUTO_LINEAR_WEBHOOK_SECRET: LINEAR_SECRET },
  },
  'docs/hardening.md': {
    service: {
      env: { RISOLUTO_WRITE_TOKEN: TOKEN, MASTER_KEY },
      yaml: { codex: { sandbox: { security: { gvisor: true } } } },
    },
    env: { RISOLUTO_WRITE_TOKEN: TOKEN, MASTER_KEY },
  },
};

/** A page that says nothing else finds a service with all defaults. */
export function setupOf(path: string): PageSetup {
  return { ...USUAL, ...SETUPS[path] };
}
