import type { RunRequest } from '../run-request.js';
import { iso, isoOrNull, type WaitingReason } from '../run-view.js';
import type { TurnRequest } from './turn-request.js';
import type { TurnView } from './turn-view.dto.js';
import { ownRequest } from './turn.repository.js';
import type { TurnOfRun } from './turns.service.js';

export function viewOfTurn({ run, turn }: TurnOfRun, waiting: WaitingReason | null): TurnView {
  const isWaiting = turn.status === 'queued' && waiting !== null;
  const { command, prompt, compaction, env, secrets, turnSandboxPolicy } =
    ownRequest(turn) ?? firstRequest(JSON.parse(run.request) as RunRequest);
  return {
    number: turn.number,
    status: turn.status,
    exitCode: turn.exitCode,
    reason: isWaiting ? waiting.reason : turn.reason,
    message: isWaiting ? waiting.message : turn.message,
    actor: turn.actor,
    createdAt: iso(turn.createdAt),
    runningAt: isoOrNull(turn.runningAt),
    endedAt: isoOrNull(turn.endedAt),
    command: command ?? null,
    prompt: prompt ?? null,
    compaction: compaction ?? false,
    env: Object.keys(env),
    secrets,
    turnSandboxPolicy: turnSandboxPolicy ?? null,
  };
}

/** What the request of a run says of its first turn. */
function firstRequest({ command, agent, env, secrets, policy }: RunRequest): TurnRequest {
  const { turnSandboxPolicy } = policy ?? {};
  return {
    ...(command && { command }),
    ...(agent && { prompt: agent.prompt }),
    env,
    secrets,
    ...(turnSandboxPolicy && { turnSandboxPolicy }),
  };
}
