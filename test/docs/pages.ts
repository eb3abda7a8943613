import type { ServiceOptions } from '../support/service.js';
import { MENDS_THE_BUILD, type ScriptedModel } from './scripted-model.js';

/** What a page takes for granted before its first command. */
export interface PageSetup {
  /** The service that it talks to on port 4000; null where the page starts its own. */
  service: ServiceOptions | null;
  /**
   * Linear, with the key for it and its one issue, and what the model behind the agent is made to do;
   * the page's first yaml is then the service's.
   */
  linear: { key: string; issue: string; model: ScriptedModel } | null;
  /** Of the reader's shell. */
  env: Record<string, string>;
  /** Of GitHub's `${{ … }}`. */
  expressions: Record<string, string>;
  /** Bash that makes what the page speaks of and does not make itself. */
  before: string;
}

const USUAL: PageSetup = { service: {}, linear: null, env: {}, expressions: {}, before: '' };

const TOKEN = 'the-write-token-of-a-page';
const LINEAR_SECRET = 'lin_wh_of_a_page_8Kq2Zx7Wm4';
const MASTER_KEY = 'the-master-key-of-a-page-0123456789abcdef';

const SETUPS: Readonly<Record<string, Partial<PageSetup>>> = {
  'README.md': { service: null },
  'docs/agents.md': {
    service: {
      yaml: {
        codex: {
          agents: {
            exec: [
              {
                name: 'shouter',
                argv: [
                  'sh',
                  '-c',
                  String.raw`printf "{\"type\":\"message\",\"text\":\"%s\"}\n" "$(tr a-z A-Z)"`,
                ],
              },
            ],
          },
        },
      },
    },
  },
  'docs/ci.md': {
    service: { env: { RISOLUTO_WRITE_TOKEN: TOKEN } },
    env: {
      RISOLUTO_WRITE_TOKEN: TOKEN,
      GITHUB_RUN_ID: '4711',
      CI_PIPELINE_ID: '4712',
    },
    expressions: { 'secrets.RISOLUTO_WRITE_TOKEN': TOKEN },
  },
  'docs/cli.md': {
    // The page has more requests than a minute allows.
    service: { env: { MASTER_KEY }, yaml: { rateLimits: { api: { limit: 100_000 } } } },
    env: { MASTER_KEY },
    before: `
mkdir -p ~/.ssh /srv/backup /srv/risoluto /etc/bash_completion.d
echo a-deploy-key > ~/.ssh/deploy
printf %s "$MASTER_KEY" > /srv/backup/master.key
cat > new.yaml <<'YAML'
dispatch:
  - name: try
    when: { source: github, type: issues }
    run: { command: [echo, '{{ issue.title }}'] }
YAML
cp new.yaml risoluto.yaml
cat > issue.json <<'JSON'
{"action":"opened","issue":{"id":1,"number":7,"title":"A title","state":"open","labels":[],"updated_at":"2026-01-01T00:00:00Z"},"repository":{"name":"app","full_name":"team/app"}}
JSON
cat > payload.json <<'JSON'
{"type":"Issue","action":"create","data":{"id":"a","identifier":"MT-1","title":"A title","updatedAt":"2026-01-01T00:00:00Z"}}
JSON`,
  },
  'docs/credential-routes.md': {
    service: {
      yaml: {
        codex: {
          sandbox: {
            credentialRoutes: [
              {
                name: 'model',
                // The world’s certificate is good for other names.
                upstream: 'http://api.example.com/v1',
                plainHttp: true,
                header: 'Authorization',
                secret: 'MODEL_KEY',
              },
            ],
          },
        },
      },
    },
  },
  'docs/custom-sandbox.md': {
    service: { yaml: { codex: { sandbox: { image: 'team-sandbox:1' } } } },
  },
  'docs/dispatch.md': { service: null },
  'docs/linear-agent.md': {
    service: { env: { RISOLUTO_LINEAR_WEBHOOK_SECRET: LINEAR_SECRET } },
    linear: { key: 'lin_api_0123456789', issue: 'MT-42', model: MENDS_THE_BUILD },
    env: { RISOLUTO_LINEAR_WEBHOOK_SECRET: LINEAR_SECRET },
  },
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
