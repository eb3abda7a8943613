import type { RequestedPolicy } from '../config/yaml-schema.js';
import type { AgentRequest } from './agents/agent-request.js';

/** What was asked for, validated; stored with the run. */
export interface RunRequest {
  /** Exactly one of `command` and `agent` is there. */
  command?: string[];
  agent?: AgentRequest;
  /** Of credential routes; the run's agent has those of its own too. */
  credentialRoutes?: string[];
  /** `null` in place of a value once the run has ended. */
  env: Record<string, string | null>;
  /** Environment name to the name of the secret whose value it gets. */
  secrets: Record<string, string>;
  policy?: RequestedPolicy;
  image?: string;
  timeoutSeconds?: number;
}

/** The stored request with the names of its environment and no values. */
export function withoutValues(stored: string): string {
  const request = JSON.parse(stored) as RunRequest;
  const env = Object.fromEntries(Object.keys(request.env).map((name) => [name, null]));
  return JSON.stringify({ ...request, env });
}
