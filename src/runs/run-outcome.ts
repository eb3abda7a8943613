import type { AgentVerdict } from './agents/turn-driver.js';
import type { FinalStatus } from './run-status.js';

/** How a run ended, as it is stored and shown. */
export interface RunOutcome {
  status: FinalStatus;
  exitCode: number | null;
  /** A stable word that says why; `null` where the status says it all. */
  reason: string | null;
  /** A sentence for a person; holds no secret. */
  message: string | null;
}

/** Why we ended a command ourselves. The first one that happened counts. */
export type EndedBy =
  | 'cancel'
  | 'timeout'
  | 'agent_stalled'
  | 'disk_limit'
  | 'disk_unmeasured'
  | 'fence_broken'
  | 'service_stopped';

export interface CommandEnd {
  exitCode: number;
  /** The memory limit killed a process of the sandbox. */
  oomKilled: boolean;
  /** The command's shell took its frame: the command began. */
  acknowledged: boolean;
  endedBy: EndedBy | null;
  /** The engine was away while the command ran. */
  engineWasAway: boolean;
  /** Somebody removed the container, and with it how the command ended. */
  gone: boolean;
  /** All that it printed, up to the limit, is stored. */
  outputWhole: boolean;
  /** `null` for a command, and for an agent that nobody led. */
  agent: AgentEnd | null;
}

/** What comes to the end of a command where it is an agent. */
export interface AgentEnd {
  verdict: AgentVerdict;
  /** The verdict came first, and so we ended the agent. */
  dismissed: boolean;
  /** Milliseconds of the turn's time that this start of it took. */
  ranMs: number;
}

/** Exit codes of SIGKILL and SIGTERM, by which an engine ends containers. */
export const KILLED_BY_SIGNAL: ReadonlySet<number> = new Set([137, 143]);

/** The true outcome of a command that has ended. Pure. */
export function decideOutcome(end: CommandEnd): RunOutcome {
  const decided = outcomeOf(end);
  if (end.outputWhole) return decided;
  const message = [decided.message, 'Part of its output could not be stored.'];
  return { ...decided, message: message.filter((text) => text !== null).join(' ') };
}

/**
 * Whether an agent broke off in a way after which another start of it may go on: by its own word, or
 * because its engine or container went away under it. Not where it was ended, or outgrew its memory.
 * Pure.
 */
export function brokeOff({ agent, endedBy, gone, oomKilled, ...end }: CommandEnd): boolean {
  if (agent === null || endedBy !== null) return false;
  if (agent.dismissed) return agent.verdict.resumable === true;
  if (!end.acknowledged || (oomKilled && end.exitCode !== 0)) return false;
  const underIt = gone || (end.engineWasAway && KILLED_BY_SIGNAL.has(end.exitCode));
  return agent.verdict.status === 'failed' && (underIt || agent.verdict.resumable === true);
}

function outcomeOf(end: CommandEnd): RunOutcome {
  const { exitCode, agent } = end;
  if (agent?.dismissed && end.endedBy === null) return verdictOf(agent.verdict, null);
  if (end.endedBy !== null) return endedByUs(end.endedBy, end.gone ? null : exitCode);
  if (end.gone) return outcome('lost', null, 'container_gone', 'The container was removed.');
  if (!end.acknowledged) {
    return outcome(
      'failed',
      exitCode,
      'start_failed',
      'The sandbox ended before the command began.',
    );
  }
  if (end.oomKilled && exitCode !== 0) {
    return outcome(
      'out_of_memory',
      exitCode,
      'memory_limit',
      'The memory limit ended the command.',
    );
  }
  if (end.engineWasAway && KILLED_BY_SIGNAL.has(exitCode)) {
    return outcome('lost', exitCode, 'engine_restarted', 'The container engine went away.');
  }
  if (agent !== null) return verdictOf(agent.verdict, exitCode);
  if (exitCode !== 0) return outcome('failed', exitCode, 'exit_code', null);
  return end.oomKilled
    ? outcome('succeeded', 0, 'child_out_of_memory', 'The memory limit ended a child process.')
    : outcome('succeeded', 0, null, null);
}

/** `exitCode`: its own; `null` where we ended it, so that its code says nothing. */
function verdictOf({ status, reason, message }: AgentVerdict, exitCode: number | null): RunOutcome {
  return outcome(status, exitCode ?? (status === 'succeeded' ? 0 : null), reason, message);
}

function endedByUs(endedBy: EndedBy, exitCode: number | null): RunOutcome {
  switch (endedBy) {
    case 'cancel':
      return outcome('cancelled', exitCode, 'cancelled', null);
    case 'timeout':
      return outcome('timed_out', exitCode, 'timeout', 'The time limit ended the command.');
    case 'agent_stalled':
      return outcome(
        'failed',
        exitCode,
        'agent_stalled',
        'The agent printed nothing for too long.',
      );
    case 'disk_limit':
      return outcome('failed', exitCode, 'disk_limit', 'The workspace outgrew its disk limit.');
    case 'disk_unmeasured':
      return outcome(
        'failed',
        exitCode,
        'control_unavailable',
        'The disk use of the workspace could not be measured, so the command was ended.',
      );
    case 'fence_broken':
      return outcome(
        'failed',
        exitCode,
        'control_unavailable',
        'The network fence could not be kept in place, so the command was ended.',
      );
    case 'service_stopped':
      return outcome('lost', exitCode, 'service_stopped', 'The service was stopped.');
  }
}

function outcome(
  status: FinalStatus,
  exitCode: number | null,
  reason: string | null,
  message: string | null,
): RunOutcome {
  return { status, exitCode, reason, message };
}
