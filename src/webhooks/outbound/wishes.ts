import type { FinalStatus } from '../../runs/run-status.js';

/** Who is told of a run. */
export interface OutboundTarget {
  readonly kind: 'linear';
  /** Linear’s own id of the issue, or its identifier. */
  readonly issueId: string;
  /** As people read it: `MT-42`. */
  readonly identifier: string;
}

/** What is to happen at the target. */
export interface Wish {
  /** A comment tells of it. */
  readonly comment: boolean;
  /** The name of the workflow state that the issue is moved to. */
  readonly state?: string | undefined;
}

/** What is to happen when; nothing where there is no wish. */
export interface Wishes {
  readonly started?: Wish | undefined;
  readonly succeeded?: Wish | undefined;
  /** Also when it timed out, ran out of memory or was lost. */
  readonly failed?: Wish | undefined;
  readonly cancelled?: Wish | undefined;
}

export const MESSAGE_KINDS = ['started', 'finished'] as const;

export type MessageKind = (typeof MESSAGE_KINDS)[number];

/** What happened to the run, as of its transaction. Times are milliseconds since 1970. */
export interface MessageFacts {
  /** Of the run: its workspace. */
  readonly issue: string;
  /** `null`: it has started. */
  readonly outcome: {
    readonly status: FinalStatus;
    readonly exitCode: number | null;
    readonly reason: string | null;
    readonly message: string | null;
  } | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

/** The wish that counts for how a run ended. */
export function wishFor(wishes: Wishes, status: FinalStatus): Wish | undefined {
  if (status === 'succeeded') return wishes.succeeded;
  return status === 'cancelled' ? wishes.cancelled : wishes.failed;
}

/** Whether there is anything to do about it. */
export function isSomething(wish: Wish | undefined): wish is Wish {
  return wish !== undefined && (wish.comment || wish.state !== undefined);
}
