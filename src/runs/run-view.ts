import type { RunRequest } from './run-request.js';
import type { RunUsageView, RunView } from './run-view.dto.js';
import type { RunEntity } from './run.entity.js';
import type { UsageRow } from './usage/used-tokens.js';

/** Why a queued run or turn waits. */
export interface WaitingReason {
  reason: string;
  message: string;
}

export function viewOf(run: RunEntity, waiting: WaitingReason | null): RunView {
  const request = JSON.parse(run.request) as RunRequest;
  const isWaiting = waits(run) && waiting !== null;
  return {
    id: run.id,
    issue: run.issue,
    status: run.status,
    exitCode: run.exitCode,
    reason: isWaiting ? waiting.reason : run.reason,
    message: isWaiting ? waiting.message : run.message,
    actor: run.actor,
    createdAt: iso(run.createdAt),
    phases: {
      queuedAt: iso(run.createdAt),
      preparingAt: isoOrNull(run.preparingAt),
      runningAt: isoOrNull(run.runningAt),
      endedAt: isoOrNull(run.endedAt),
      finishedAt: isoOrNull(run.finishedAt),
    },
    keepAlive: run.keepAlive,
    turn: run.turn,
    command: request.command ?? null,
    agent: request.agent ?? null,
    credentialRoutes: request.credentialRoutes ?? [],
    usage: usageOf(run),
    env: Object.keys(request.env),
    secrets: request.secrets,
  };
}

function usageOf({ usage }: RunEntity): RunUsageView | null {
  if (usage === null) return null;
  const { costMicros, inputTokens, ...more } = JSON.parse(usage) as UsageRow;
  const { cachedInputTokens, outputTokens, reasoningOutputTokens } = more;
  const cost = costMicros === null ? null : costMicros / 1_000_000;
  return { inputTokens, cachedInputTokens, outputTokens, reasoningOutputTokens, cost };
}

/** Its turns are prompts to an agent. */
export function isOfAgent({ request }: Pick<RunEntity, 'request'>): boolean {
  return (JSON.parse(request) as RunRequest).agent !== undefined;
}

/** It, or its next turn, is in line. */
function waits({ status, idleSince }: RunEntity): boolean {
  return status === 'queued' || (status === 'idle' && idleSince === null);
}

export function iso(at: number): string {
  return new Date(at).toISOString();
}

export function isoOrNull(at: number | null): string | null {
  return at === null ? null : iso(at);
}
