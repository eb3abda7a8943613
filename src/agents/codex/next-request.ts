import type { AgentTurn } from '../../runs/agents/turn-driver.js';
import { WORKSPACE } from '../../sandbox/container-mounts.js';
import type { ApprovalPolicy } from './approval-policy.js';
import { REQUEST, type Conversation } from './conversation.js';
import { notification, request } from './json-rpc.js';
import { nextAttempt, promptMark } from './prompt-mark.js';
import type { InitializeParams } from './protocol/InitializeParams.js';
import type { AskForApproval } from './protocol/v2/AskForApproval.js';
import type { ThreadCompactStartParams } from './protocol/v2/ThreadCompactStartParams.js';
import type { ThreadReadParams } from './protocol/v2/ThreadReadParams.js';
import type { ThreadResumeParams } from './protocol/v2/ThreadResumeParams.js';
import type { ThreadStartParams } from './protocol/v2/ThreadStartParams.js';
import type { ThreadTurnsListParams } from './protocol/v2/ThreadTurnsListParams.js';
import type { TurnStartParams } from './protocol/v2/TurnStartParams.js';

/** What a turn of ours asks Codex for. */
export interface TurnPlan {
  readonly turn: AgentTurn;
  readonly version: string;
  /** Of an earlier process of Codex in the same run. */
  readonly threadId: string | null;
  readonly model: string | null;
  readonly effort: string | null;
  readonly approvalPolicy: ApprovalPolicy;
  /**
   * The thread was there before this service took Codex over, so that the prompt may have been
   * written by its predecessor.
   */
  readonly adopted: boolean;
}

/** A request of ours, and the lines that make it. */
export interface NextRequest {
  readonly id: string;
  readonly lines: readonly string[];
}

/**
 * What must be written next for the turn to begin; `null` once it has begun, or when it can not.
 * Pure: whoever calls writes each request once in a process of ours.
 */
export function nextRequest(now: Conversation, plan: TurnPlan): NextRequest | null {
  if (now.turnId !== null || now.compacting || hopeless(now) !== null) return null;
  if (!now.initialized) return { id: REQUEST.initialize, lines: [initialize(plan)] };
  if (now.threadId === null) return openThread(now, plan);
  if (wantsHistory(now, plan)) {
    const params: ThreadTurnsListParams = { threadId: now.threadId, limit: 1 };
    return { id: REQUEST.history, lines: [request(REQUEST.history, 'thread/turns/list', params)] };
  }
  if (plan.adopted && now.barriers === 0) return barrier(now.threadId);
  if (plan.turn.compaction) return compact(now.threadId);
  return { id: REQUEST.turn, lines: [startTurn(now, now.threadId, plan)] };
}

/** Why the turn can not begin; `null` while it may. */
export function hopeless({ refused }: Conversation): string | null {
  const thread = refused[REQUEST.thread];
  // Codex keeps no thread before its first prompt: then a new one takes its place.
  if (thread !== undefined && !thread.startsWith('no rollout found')) return thread;
  const { initialize: first, newThread, barrier: look, turn, compaction } = REQUEST;
  const fatal = [first, newThread, look, turn, compaction].map((id) => refused[id]);
  return fatal.find((reason) => reason !== undefined) ?? null;
}

/** Whether a compaction finds no thread, or Codex has lost it. */
export function nothingToCompact(now: Conversation, plan: TurnPlan): boolean {
  return plan.turn.compaction && !resumes(now, plan);
}

/** Before a prompt: whether the thread has it already. */
function wantsHistory(now: Conversation, plan: TurnPlan): boolean {
  if (plan.turn.compaction || !resumes(now, plan)) return false;
  return now.lastMarks === null && now.refused[REQUEST.history] === undefined;
}

function resumes(now: Conversation, plan: TurnPlan): boolean {
  return plan.threadId !== null && now.refused[REQUEST.thread] === undefined;
}

/** Notifications that would only repeat, in pieces over which a secret may be split, what items say. */
const UNHEARD = [
  'account/rateLimits/updated',
  'command/exec/outputDelta',
  'item/agentMessage/delta',
  'item/commandExecution/outputDelta',
  'item/commandExecution/terminalInteraction',
  'item/fileChange/outputDelta',
  'item/fileChange/patchUpdated',
  'item/mcpToolCall/progress',
  'item/plan/delta',
  'item/reasoning/summaryPartAdded',
  'item/reasoning/summaryTextDelta',
  'item/reasoning/textDelta',
  'process/outputDelta',
  'rawResponse/completed',
  'rawResponseItem/completed',
  'remoteControl/status/changed',
  'thread/started',
  'turn/diff/updated',
];

function initialize({ version }: TurnPlan): string {
  const params: InitializeParams = {
    clientInfo: { name: 'risoluto', title: 'Risoluto', version },
    capabilities: {
      experimentalApi: false,
      requestAttestation: false,
      optOutNotificationMethods: UNHEARD,
    },
  };
  return request(REQUEST.initialize, 'initialize', params);
}

function openThread(now: Conversation, plan: TurnPlan): NextRequest {
  const common = {
    cwd: WORKSPACE,
    approvalPolicy: plan.approvalPolicy satisfies AskForApproval,
    // The container is the sandbox: Codex's own can not start inside it.
    sandbox: 'danger-full-access' as const,
    ...(plan.model !== null && { model: plan.model }),
  };
  const begun = notification('initialized');
  if (plan.threadId !== null && resumes(now, plan)) {
    const params: ThreadResumeParams = { ...common, threadId: plan.threadId, excludeTurns: true };
    return {
      id: REQUEST.thread,
      lines: [begun, request(REQUEST.thread, 'thread/resume', params)],
    };
  }
  const id = plan.threadId === null ? REQUEST.thread : REQUEST.newThread;
  const params: ThreadStartParams = common;
  return { id, lines: [begun, request(id, 'thread/start', params)] };
}

function barrier(threadId: string): NextRequest {
  const params: ThreadReadParams = { threadId, includeTurns: false };
  // The predecessor may have died in the middle of a line.
  return { id: REQUEST.barrier, lines: ['', request(REQUEST.barrier, 'thread/read', params)] };
}

function compact(threadId: string): NextRequest {
  const params: ThreadCompactStartParams = { threadId };
  const line = request(REQUEST.compaction, 'thread/compact/start', params);
  return { id: REQUEST.compaction, lines: [line] };
}

/** What a new process of Codex is told that finds the prompt in its thread. */
const GO_ON =
  'You were interrupted by a fault of the machinery around you, not by a person. ' +
  'Look at what is done, and go on with the task.';

function startTurn(now: Conversation, threadId: string, plan: TurnPlan): string {
  const { runId, turn, agent, policy } = plan.turn;
  const attempt = nextAttempt(runId, turn, now.lastMarks ?? []);
  const params: TurnStartParams = {
    threadId,
    clientUserMessageId: promptMark(runId, turn, attempt),
    input: [{ type: 'text', text: attempt === 0 ? agent.prompt : GO_ON, text_elements: [] }],
    cwd: WORKSPACE,
    approvalPolicy: plan.approvalPolicy,
    sandboxPolicy: {
      type: 'externalSandbox',
      networkAccess: policy.networkAccess ? 'enabled' : 'restricted',
    },
    summary: 'auto',
    ...(plan.model !== null && { model: plan.model }),
    ...(plan.effort !== null && { effort: plan.effort }),
  };
  return request(REQUEST.turn, 'turn/start', params);
}
