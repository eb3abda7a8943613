import { readMessage, type RpcId, type RpcMessage } from './json-rpc.js';
import { readQuestion, type ReadQuestion } from './question.js';
import {
  readItem,
  readResolved,
  readThread,
  readThreadStatus,
  readTurn,
  readTurnCompleted,
  readTurnStarted,
  readTurns,
  readUsage,
  type ItemOnWire,
  type TurnOnWire,
  type UsageOnWire,
} from './wire.js';
import { inHand, kept, without, type WorkInHand } from './work-in-hand.js';

/**
 * The identifiers of our requests. Words of our own, the same in every life of the service, so that
 * an answer in the log is known for what it is by a service that did not send its request.
 */
export const REQUEST = {
  initialize: 'initialize',
  thread: 'thread',
  /** A new thread, because the one to resume is gone. */
  newThread: 'thread-new',
  history: 'history',
  /** Whether a turn goes on: its answer comes after that of every request written before it. */
  barrier: 'barrier',
  turn: 'turn',
  /** In place of a turn with a prompt. Codex makes a turn of it, which its answer does not name. */
  compaction: 'compact',
} as const;

/** A request of the app-server's that waits for our answer. */
export interface OpenQuestion {
  readonly id: RpcId;
  readonly method: string;
  /** `null`: it is nothing that a person could answer. */
  readonly read: ReadQuestion | null;
}

/** What the identifiers of requests begin with that a person had us send. */
export const OF_PERSON = 'steer-';

const MOST_QUESTIONS = 64;
const MOST_METHOD = 200;
const MOST_REASON = 2000;

/**
 * All that the lines of one app-server say about one turn of ours. Of bounded size, whatever the lines
 * are: what runs beside Codex in its sandbox may print among them.
 */
export interface Conversation {
  readonly initialized: boolean;
  /** A request of ours that was refused, by its identifier; it ends the turn where nothing helps. */
  readonly refused: Readonly<Record<string, string>>;
  readonly threadId: string | null;
  readonly model: string | null;
  /** The marks of the prompts in the thread's last turn; `null`: not asked yet. */
  readonly lastMarks: readonly string[] | null;
  readonly barriers: number;
  /** Codex took the request for a compaction. */
  readonly compacting: boolean;
  /** The first turn that began in the thread, whoever asked for it. */
  readonly firstBegun: string | null;
  readonly turnId: string | null;
  /** A turn that was completed, by its id: Codex may run one of its own, such as a compaction. */
  readonly completed: Readonly<Record<string, TurnOnWire>>;
  /** What Codex has begun and not finished: commands, changes, calls of tools. By id. */
  readonly working: Readonly<Record<string, WorkInHand>>;
  readonly questions: readonly OpenQuestion[];
  /** The whole thread's count, earlier turns included. */
  readonly usage: UsageOnWire | null;
  /** Answers to requests that a person had us send; `null`: it was granted. */
  readonly answers: Readonly<Record<string, string | null>>;
}

export const SILENCE: Conversation = {
  initialized: false,
  refused: {},
  threadId: null,
  model: null,
  lastMarks: null,
  barriers: 0,
  compacting: false,
  firstBegun: null,
  turnId: null,
  completed: {},
  working: {},
  questions: [],
  usage: null,
  answers: {},
};

/** The conversation after one more line. Pure, and the same for a replayed line and a live one. */
export function hear(now: Conversation, line: string): Conversation {
  const message = readMessage(line);
  return message === null ? now : take(now, message);
}

/** The turn of ours that has ended; `null` while it goes on or has not begun. */
export function endedTurn({ turnId, completed }: Conversation): TurnOnWire | null {
  return turnId === null ? null : (completed[turnId] ?? null);
}

function take(now: Conversation, message: RpcMessage): Conversation {
  switch (message.kind) {
    case 'answer':
      return takeAnswer(now, message.id, message.result);
    case 'refusal':
      return takeRefusal(now, message.id, message.error.message);
    case 'question': {
      const { id, method } = message;
      const question = {
        id,
        method: method.slice(0, MOST_METHOD),
        read: readQuestion(message, now.working),
      };
      return { ...now, questions: [...now.questions, question].slice(-MOST_QUESTIONS) };
    }
    case 'notice':
      return takeNotice(now, message.method, message.params);
  }
}

function takeAnswer(now: Conversation, id: RpcId, result: unknown): Conversation {
  switch (id) {
    case REQUEST.initialize:
      return { ...now, initialized: true };
    case REQUEST.thread:
    case REQUEST.newThread: {
      const answer = readThread(result);
      // Two lives of the service may both have asked; the first thread is the one.
      if (answer === null || now.threadId !== null) return now;
      return { ...now, threadId: answer.thread.id, model: answer.model };
    }
    case REQUEST.history: {
      const turns = readTurns(result);
      return turns === null ? now : { ...now, lastMarks: marksOf(turns.data.at(0)?.items ?? []) };
    }
    case REQUEST.barrier:
      return readThreadStatus(result) === null ? now : { ...now, barriers: now.barriers + 1 };
    case REQUEST.turn: {
      const turn = readTurn(result)?.turn;
      if (turn === undefined || now.turnId !== null) return now;
      return { ...now, turnId: turn.id };
    }
    case REQUEST.compaction:
      return compacted({ ...now, compacting: true });
    default:
      return { ...now, answers: withAnswer(now.answers, id, null) };
  }
}

function takeRefusal(now: Conversation, id: RpcId, reason: string): Conversation {
  if (typeof id !== 'string') return now;
  if (id === REQUEST.initialize && reason === 'Already initialized') {
    return { ...now, initialized: true };
  }
  if ((Object.values(REQUEST) as string[]).includes(id)) {
    return { ...now, refused: { ...now.refused, [id]: reason } };
  }
  return { ...now, answers: withAnswer(now.answers, id, reason) };
}

function withAnswer(
  answers: Conversation['answers'],
  id: RpcId,
  reason: string | null,
): Conversation['answers'] {
  const isOfPerson = typeof id === 'string' && id.startsWith(OF_PERSON);
  return isOfPerson ? kept(answers, id, reason?.slice(0, MOST_REASON) ?? null) : answers;
}

function takeNotice(now: Conversation, method: string, params: unknown): Conversation {
  switch (method) {
    case 'item/started':
    case 'item/completed':
      return takeItem(now, method === 'item/started', params);
    case 'thread/tokenUsage/updated': {
      const usage = readUsage(params);
      return usage === null || usage.threadId !== now.threadId
        ? now
        : { ...now, usage: usage.tokenUsage.total };
    }
    case 'turn/started': {
      const begun = readTurnStarted(params);
      if (begun === null || begun.threadId !== now.threadId) return now;
      return compacted({ ...now, firstBegun: now.firstBegun ?? begun.turn.id });
    }
    case 'turn/completed': {
      const ended = readTurnCompleted(params);
      if (ended === null || ended.threadId !== now.threadId) return now;
      const isOurs = now.turnId === null || now.turnId === ended.turn.id;
      const completed = isOurs ? kept(now.completed, ended.turn.id, ended.turn) : now.completed;
      return { ...now, completed, working: {}, questions: [] };
    }
    case 'serverRequest/resolved': {
      const id = readResolved(params)?.requestId;
      return { ...now, questions: now.questions.filter((question) => question.id !== id) };
    }
    default:
      return now;
  }
}

/** A process that was asked to compact was asked for nothing else: the turn that it began is that. */
function compacted(now: Conversation): Conversation {
  return now.compacting ? { ...now, turnId: now.turnId ?? now.firstBegun } : now;
}

const WORK = new Set(['commandExecution', 'fileChange', 'mcpToolCall', 'dynamicToolCall']);

function takeItem(now: Conversation, started: boolean, params: unknown): Conversation {
  const item = readItem(params)?.item;
  if (item === undefined) return now;
  if (!WORK.has(item.type)) return now;
  const { working } = now;
  return {
    ...now,
    working: started ? kept(working, item.id, inHand(item)) : without(working, item.id),
  };
}

function marksOf(items: readonly ItemOnWire[]): string[] {
  return items.flatMap(({ type, clientId }) =>
    type === 'userMessage' && typeof clientId === 'string' ? [clientId] : [],
  );
}
