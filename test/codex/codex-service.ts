import { expect } from 'vitest';

import type { Runtime } from '../egress-gateway/sandboxes.js';
import type { OutputLine } from '../runs/run-output.js';
import { outputOf } from '../runs/run-output.js';
import type { ProviderRequest } from '../support/model-provider/model-provider.js';
import { startService, type RunningService, type ServiceOptions } from '../support/service.js';
import { codexSettings } from './codex-settings.js';

export interface CodexServiceOptions {
  runtime?: Runtime;
  /** `codex.agent` beyond its route and model. */
  agent?: Record<string, unknown>;
  /** `codex` beyond `agent` and `sandbox`. */
  codex?: Record<string, unknown>;
  options?: ServiceOptions;
}

/** A service whose Codex reaches the tests' model provider by a credential route with this key. */
export async function startCodexService(
  key: string,
  { runtime = 'runc', agent = {}, codex = {}, options = {} }: CodexServiceOptions = {},
): Promise<RunningService> {
  const service = await startService({
    ...options,
    yaml: codexSettings({ agent, codex, sandbox: { security: { gvisor: runtime === 'runsc' } } }),
  });
  const stored = await service.api('PUT', '/api/v1/secrets/MODEL_KEY', { body: { value: key } });
  expect(stored.status, stored.text).toBe(204);
  return service;
}

/** What stands in a request by which Codex has the model sum a conversation up. */
export const COMPACTION = 'CONTEXT CHECKPOINT COMPACTION';

/** A request for a run of Codex. */
export function codexRun(
  issue: string,
  prompt: string,
  more: object = {},
): Record<string, unknown> {
  return { issue, agent: { kind: 'codex', prompt }, ...more };
}

/** An event of an agent as the run's output has it. */
export type EventLine = OutputLine & { event: { type: string } & Record<string, unknown> };

/** What the run's agent did, in its order. */
export async function eventsOf(service: RunningService, runId: string): Promise<EventLine[]> {
  const lines = (await outputOf(service, runId)) as (OutputLine & { event?: unknown })[];
  return lines.filter((line): line is EventLine => line.event !== undefined);
}

/** The conversation that a request to the provider carries, without what Codex adds itself. */
export function historyIn(request: ProviderRequest | undefined): string[] {
  const { input } = JSON.parse(request?.body ?? '{"input":[]}') as {
    input: { type: string; role?: string; content?: { text?: string }[] }[];
  };
  return input
    .filter(({ type, role }) => type === 'message' && role !== 'developer')
    .map(({ role, content }) => `${role ?? ''}: ${content?.map(({ text }) => text).join('') ?? ''}`)
    .filter((line) => !line.startsWith('user: <'));
}
