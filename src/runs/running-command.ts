import type { LogMark } from '../sandbox/log-resumption.js';
import type { EffectivePolicy } from '../sandbox/policy.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import type { AgentTurn } from './agents/turn-driver.js';
import type { NetworkPlace } from './network-place.js';

/** The part of a policy that is held while the command runs. The rest is in its container. */
export interface CommandLimits {
  timeoutSeconds: number;
  networkAccess: boolean;
  rootWritable: boolean;
  workspaceBytes: number;
}

/** What is to be stored of a command's output. */
export interface CommandOutput {
  masked: readonly string[];
  /** The engine's log has lost its beginning: what is behind the mark is still to be stored. */
  rotated: { mark: LogMark | null } | null;
  /** A line of ours that stands before all that it prints; `null`: none. */
  notice: string | null;
}

/** A command from the moment that its frame may be sent. */
export interface RunningCommand {
  sandbox: Sandbox;
  place: NetworkPlace;
  limits: CommandLimits;
  /** When its time is up, as `Clock.monotonicMs`; `null` for one that has ended already. */
  deadline: number | null;
  /** `null`: what must be masked cannot be read, so none of its output may be shown. */
  output: CommandOutput | null;
  /** It is known to have begun, whatever its log still says. */
  begun: boolean;
  /** As the driver of its agent is told of it; `null` for a command. */
  agentTurn: AgentTurn | null;
  /** Up to when it had printed what an earlier process read, in nanoseconds since 1970; `null`: nothing. */
  printedUntil: bigint | null;
  /** The engine restarted while nobody watched. */
  engineWasAway: boolean;
}

/** Of a turn that has had so many milliseconds of its time before. */
export function limitsOf(policy: EffectivePolicy, spentMs = 0): CommandLimits {
  return {
    timeoutSeconds: Math.max(1, policy.timeoutSeconds - Math.floor(spentMs / 1000)),
    networkAccess: policy.networkAccess,
    rootWritable: policy.rootWritable,
    workspaceBytes: policy.resources.workspace,
  };
}
