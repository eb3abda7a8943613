import { Injectable, type OnModuleInit } from '@nestjs/common';

import { Clock } from '../../../kernel/clock.js';
import { continueAfter, newId } from '../../../kernel/ids.js';
import type { Transaction } from '../../../persistence/transactions.js';
import { RunListener, type FinishedRun, type StartedRun } from '../../../runs/run-listener.js';
import {
  isSomething,
  wishFor,
  type MessageFacts,
  type MessageKind,
  type OutboundTarget,
  type Wish,
  type Wishes,
} from '../wishes.js';
import { commentIdOf } from './comment-id.js';
import { OutboxFollows } from './outbox-follows.repository.js';
import { OutboxMessageEntity } from './outbox-message.entity.js';
import { OutboxMessages } from './outbox-messages.repository.js';

/** A run, and who is to be told what of it. */
export interface Follow {
  readonly runId: string;
  readonly target: OutboundTarget;
  readonly on: Wishes;
}

type Within = Pick<Transaction, 'manager'>;

/** What is to be sent about one run. */
interface Draft {
  runId: string;
  kind: MessageKind;
  target: OutboundTarget;
  wish: Wish;
  facts: MessageFacts;
}

/**
 * Writes what others are to be told of runs, in the transaction of what happened: a message is there
 * exactly if the run’s new state is, once for each run and kind. Sending is somebody else’s.
 */
@Injectable()
export class Outbox extends RunListener implements OnModuleInit {
  constructor(
    private readonly follows: OutboxFollows,
    private readonly messages: OutboxMessages,
    private readonly clock: Clock,
  ) {
    super();
  }

  /** Ids of messages go on behind those there are, whatever became of the clock: they are the order. */
  async onModuleInit(): Promise<void> {
    const newest = await this.messages.newest();
    if (newest !== null) continueAfter(newest);
  }

  /**
   * From now on the run reports to the target: call it once a run, in the transaction that creates
   * it. Nothing is read or sent; where there is no API key by then, the messages end as `skipped`.
   */
  async follow({ manager }: Within, { runId, target, on }: Follow): Promise<void> {
    await this.follows.add(manager, runId, { target, wishes: on });
  }

  /** Whether a comment of this id is one of its messages, sent or about to be. */
  wrote(commentId: string): Promise<boolean> {
    return this.messages.hasComment(commentId);
  }

  async started({ manager }: Within, run: StartedRun): Promise<void> {
    const followed = await this.follows.find(manager, run.id);
    const wish = followed?.wishes.started;
    if (followed === null || !isSomething(wish)) return;
    const { issue, startedAt } = run;
    const facts = { issue, outcome: null, startedAt, endedAt: null };
    const { target } = followed;
    await this.#write(manager, { runId: run.id, kind: 'started', target, wish, facts });
  }

  async finished({ manager }: Within, run: FinishedRun): Promise<void> {
    const followed = await this.follows.find(manager, run.id);
    if (followed === null) return;
    await this.follows.remove(manager, run.id);
    const wish = wishFor(followed.wishes, run.status);
    if (!isSomething(wish)) return;
    const { issue, status, exitCode, reason, message, startedAt, endedAt } = run;
    const outcome = { status, exitCode, reason, message };
    const facts = { issue, outcome, startedAt, endedAt };
    const { target } = followed;
    await this.#write(manager, { runId: run.id, kind: 'finished', target, wish, facts });
  }

  #write(manager: Transaction['manager'], draft: Draft): Promise<void> {
    const { runId, kind, target } = draft;
    const now = this.clock.now();
    const message = Object.assign(new OutboxMessageEntity(), {
      id: newId(),
      runId,
      kind,
      target: JSON.stringify(target),
      lane: `${target.kind}/${target.issueId}`,
      wish: JSON.stringify(draft.wish),
      facts: JSON.stringify(draft.facts),
      commentId: commentIdOf(runId, kind),
      status: 'pending' as const,
      attempts: 0,
      nextAttemptAt: now,
      createdAt: now,
      commentedAt: null,
      settledAt: null,
      reason: null,
      message: null,
    });
    return this.messages.add(manager, message);
  }
}
