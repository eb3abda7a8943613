import type { RequestedTurnPolicy } from '../../config/yaml-schema.js';
import type { RunRequest } from '../run-request.js';

/** The turn whose request is the run's. */
export const FIRST_TURN = 1;

/** What a further turn asked for itself, validated; stored with the turn. */
export interface TurnRequest {
  /** Of a run of commands. */
  command?: string[];
  /** Of a run of an agent. */
  prompt?: string;
  /** Of a run of an agent, in place of a prompt: its conversation is shortened. */
  compaction?: true;
  /** `null` in place of a value once the turn has ended. */
  env: Record<string, string | null>;
  /** Environment name to the name of the secret whose value it gets. */
  secrets: Record<string, string>;
  turnSandboxPolicy?: RequestedTurnPolicy;
  timeoutSeconds?: number;
}

/** What a turn is given, in the shape of a run's request. */
export interface GivenRequest extends RunRequest {
  /** The turn is a compaction: `agent` says of whose conversation. */
  compaction?: true;
  /** A further turn that says nothing of its sandbox: as the run's, but without the network. */
  withoutNetwork?: true;
}

/**
 * The run's request with what the turn asked for itself: its command or prompt, its environment and secrets
 * beside the run's, its sandbox policy and its time in place of the run's. `own` is `null` for the
 * first turn. Pure.
 */
export function requestOfTurn(run: RunRequest, own: TurnRequest | null): GivenRequest {
  if (own === null) return run;
  const { command, prompt, compaction, env, secrets, turnSandboxPolicy, timeoutSeconds } = own;
  return {
    ...run,
    ...(command && { command }),
    ...(prompt !== undefined && run.agent && { agent: { ...run.agent, prompt } }),
    ...(compaction && { compaction }),
    env: { ...run.env, ...env },
    secrets: { ...run.secrets, ...secrets },
    ...(turnSandboxPolicy === undefined
      ? { withoutNetwork: true as const }
      : { policy: { ...run.policy, turnSandboxPolicy } }),
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
  };
}
