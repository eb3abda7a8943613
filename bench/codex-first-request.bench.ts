import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { configToml, PLACEHOLDER_ENV } from '../src/agents/codex/codex-config.js';
import { codexSettings, MODEL } from '../test/codex/codex-settings.js';
import type { ModelProvider } from '../test/support/model-provider/model-provider.js';
import { PROVIDER_URL, startWorldProvider } from '../test/support/model-provider/world-provider.js';
import { startService, type RunningService } from '../test/support/service.js';
import { world } from '../test/support/world.js';
import type { Benchmark } from './benchmark.js';

const IMAGE = 'risoluto-sandbox:latest';
/** Characters of what Codex says of its failure. */
const MOST_SAID = 4000;

const benchmark: Benchmark = {
  question: 'How long from asking for a run of Codex to its first question to the model?',

  async prepare({ quick }) {
    const provider = await startWorldProvider();
    const service = await startService({
      env: { RISOLUTO_LOG_LEVEL: 'info' },
      yaml: codexSettings({}),
    });
    const stored = await service.api('PUT', '/api/v1/secrets/MODEL_KEY', {
      body: { value: 'key' },
    });
    if (stored.status !== 204) throw new Error(`PUT of the key: ${stored.text}`);
    let rounds = 0;
    const contender = (name: string, measure: (mark: string) => Promise<number>) => ({
      name,
      measure: async () => [await measure(`mark-${String((rounds += 1))}-`)],
    });
    const comparison = {
      name: 'first request to the model',
      measures: [{ unit: 'ms', better: 'lower', target: null }],
      contenders: [
        contender('POST /runs of Codex', (mark) => byRun(service, provider, mark)),
        contender('docker run of `codex exec`', (mark) => byDocker(provider, mark)),
      ],
      rounds: quick ? 2 : 15,
      warmUpRounds: quick ? 1 : 2,
    } as const;
    return {
      comparisons: [comparison],
      async dispose() {
        await service.stop();
        await provider.close();
      },
    };
  },
};

async function byRun(
  service: RunningService,
  provider: ModelProvider,
  mark: string,
): Promise<number> {
  const began = performance.now();
  const body = { issue: mark.toUpperCase(), agent: { kind: 'codex', prompt: mark } };
  const accepted = await service.api('POST', '/api/v1/runs', { body });
  if (accepted.status !== 202) throw new Error(`POST /runs: ${accepted.status} ${accepted.text}`);
  await provider.awaited(mark, 1);
  const elapsed = performance.now() - began;
  const run = await service.api('GET', `/api/v1/runs/${accepted.body.id as string}?wait=30`);
  if (run.body.status !== 'succeeded') throw new Error(`the run: ${run.text}`);
  return elapsed;
}

/** On a network of its own that is open, with the provider's address and no key: the least that it takes. */
async function byDocker(provider: ModelProvider, mark: string): Promise<number> {
  const began = performance.now();
  const start = `mkdir -p "$CODEX_HOME" && printf %s "$0" >"$CODEX_HOME/config.toml" && exec codex exec --skip-git-repo-check --dangerously-bypass-approvals-and-sandbox --model ${MODEL} "$1"`;
  const config = configToml({ baseUrl: PROVIDER_URL, streamIdleTimeoutMs: 60_000 });
  const child = spawn(
    'docker',
    [
      ...['run', '--rm', `--dns=${world.addresses.resolver}`, '--user=10001:10001'],
      ...['-e', 'CODEX_HOME=/tmp/codex', '-e', 'HOME=/tmp', '-e', `${PLACEHOLDER_ENV}=none`],
      ...['-w', '/tmp', IMAGE, 'sh', '-c', start, config, mark],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  // Of no use beside the table, unless it fails.
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-MOST_SAID);
  });
  const exited = once(child, 'close');
  await provider.awaited(mark, 1);
  const elapsed = performance.now() - began;
  const [code] = await exited;
  if (code !== 0) throw new Error(`codex exec ended with ${String(code)}:\n${said}`);
  return elapsed;
}

export default benchmark;
