import { PROVIDER_URL } from '../support/model-provider/world-provider.js';
import { world } from '../support/world.js';

/** A model of which Codex knows what tools it takes. */
export const MODEL = 'gpt-5.5';

/** Settings of which a part is the test's own: what `codex` has beyond them, and `codex.agent`, `codex.sandbox`. */
export interface CodexSettingsParts {
  agent?: Record<string, unknown>;
  codex?: Record<string, unknown>;
  sandbox?: Record<string, unknown>;
}

/** A service whose Codex reaches the tests' model provider by a credential route, with the secret `MODEL_KEY`. */
export function codexSettings({
  agent = {},
  codex = {},
  sandbox = {},
}: CodexSettingsParts): object {
  const route = { upstream: PROVIDER_URL, plainHttp: true };
  return {
    rateLimits: { api: { limit: 1_000_000 } },
    runs: { maxConcurrent: 3 },
    codex: {
      ...codex,
      agent: { route: 'model', model: MODEL, restarts: 1, ...agent },
      sandbox: {
        dns: [world.addresses.resolver],
        credentialRoutes: ['model', 'packages'].map((name) => ({
          ...route,
          name,
          header: 'Authorization',
          secret: 'MODEL_KEY',
        })),
        ...sandbox,
      },
    },
  };
}
