import type { AgentVerdict } from '../../runs/agents/turn-driver.js';
import type { TurnErrorOnWire, TurnOnWire } from './wire.js';

/** Why we had Codex interrupt its turn. */
export interface Interruption {
  readonly reason: 'interrupted' | 'token_limit' | 'cost_limit';
  readonly message: string;
}

/** The verdict on a turn that Codex itself ended. Pure. */
export function verdictOf(turn: TurnOnWire, interruption: Interruption | null): AgentVerdict {
  if (turn.status === 'completed') return { status: 'succeeded', reason: null, message: null };
  if (interruption !== null) return interrupted(interruption);
  if (turn.status === 'interrupted') {
    return interrupted({ reason: 'interrupted', message: 'Codex interrupted the turn' });
  }
  const error = turn.error ?? { message: 'no reason given', codexErrorInfo: null };
  const reason = reasonOf(error);
  return {
    status: 'failed',
    reason,
    message: `Codex gave up: ${error.message}`,
    ...(reason === 'provider_disconnected' && { resumable: true }),
  };
}

export function interrupted({ reason, message }: Interruption): AgentVerdict {
  return { status: 'failed', reason, message };
}

/** Codex ended before its turn did. */
export const CRASHED: AgentVerdict = {
  status: 'failed',
  reason: 'agent_crashed',
  message: 'Codex ended before its turn did',
  resumable: true,
};

/** A compaction of a run whose agent has not been told anything yet, or whose thread is lost. */
export const NOTHING_TO_COMPACT: AgentVerdict = {
  status: 'failed',
  reason: 'nothing_to_compact',
  message: 'Codex has no conversation of the run',
};

/** Codex refused a request without which no turn begins. */
export function refused(reason: string): AgentVerdict {
  return { status: 'failed', reason: 'agent_refused', message: `Codex refused: ${reason}` };
}

const WORDS: Readonly<Record<string, string>> = {
  badRequest: 'provider_refused',
  contextWindowExceeded: 'context_window_exceeded',
  internalServerError: 'provider_error',
  modelNotFound: 'provider_refused',
  rateLimitExceeded: 'provider_rate_limited',
  serverOverloaded: 'provider_error',
  unauthorized: 'provider_refused',
  usageLimitExceeded: 'provider_rate_limited',
};

/** A stable word for what went wrong between Codex and the provider of its model. */
function reasonOf({ message, codexErrorInfo }: Omit<TurnErrorOnWire, 'additionalDetails'>): string {
  const status = statusIn(codexErrorInfo);
  if (status !== null) return reasonOfStatus(status);
  if (typeof codexErrorInfo === 'string') {
    const word = WORDS[codexErrorInfo];
    if (word !== undefined) return word;
  }
  // For these Codex has no other mark than its words.
  if (message.includes('idle timeout waiting for SSE')) return 'provider_stalled';
  if (message.startsWith('{"error"')) return 'provider_refused';
  if (message.startsWith('stream disconnected')) return 'provider_disconnected';
  if (isConnectionTrouble(codexErrorInfo)) return 'provider_disconnected';
  return 'agent_failed';
}

function reasonOfStatus(status: number): string {
  if (status === 429) return 'provider_rate_limited';
  return status >= 500 ? 'provider_error' : 'provider_refused';
}

/** `{responseStreamDisconnected: {httpStatusCode: 429}}` and the like. */
function statusIn(info: unknown): number | null {
  if (typeof info !== 'object' || info === null) return null;
  const [detail] = Object.values(info) as unknown[];
  const status = (detail as { httpStatusCode?: unknown } | null | undefined)?.httpStatusCode;
  return typeof status === 'number' ? status : null;
}

function isConnectionTrouble(info: unknown): boolean {
  if (typeof info !== 'object' || info === null) return false;
  return Object.keys(info).some((key) => /ConnectionFailed$|Disconnected$/.test(key));
}
