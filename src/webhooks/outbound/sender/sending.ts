import { Injectable, Logger } from '@nestjs/common';

import { Settings } from '../../../config/settings.js';
import { backOffMs } from '../../../kernel/back-off.js';
import { Clock } from '../../../kernel/clock.js';
import { SYSTEM_ORIGIN } from '../../../kernel/origin.js';
import { Metrics } from '../../../metrics/metrics.js';
import { Transactions } from '../../../persistence/transactions.js';
import type { MessageStatus } from '../outbox/message-status.js';
import type { OutboxMessageEntity } from '../outbox/outbox-message.entity.js';
import { OutboxMessages } from '../outbox/outbox-messages.repository.js';
import type { MessageFacts, OutboundTarget, Wish } from '../wishes.js';
import { askedPauseMs, SEND_BACK_OFF } from './pauses.js';
import { OutboundChannel, type OutgoingMessage } from './channel.js';
import { SendFailure } from './send-failure.js';

const ACTIONS = {
  sent: 'outbound.sent',
  skipped: 'outbound.skipped',
  dead: 'outbound.given_up',
} as const satisfies Partial<Record<MessageStatus, string>>;

/** One attempt to send a message, and what it comes to in the message’s row. */
@Injectable()
export class Sending {
  readonly #logger = new Logger('Webhooks');

  constructor(
    private readonly channel: OutboundChannel,
    private readonly messages: OutboxMessages,
    private readonly transactions: Transactions,
    private readonly settings: Settings,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
  ) {}

  /**
   * Answers for how long the server wants no request at all; `null`: it does not say. A stop leaves
   * the message as it was.
   */
  async attempt(row: OutboxMessageEntity, stop: AbortSignal): Promise<number | null> {
    const failure = await this.#deliver(row, stop);
    if (failure === null) {
      await this.#settle(row, 'sent', null);
      return null;
    }
    if (stop.aborted) return null;
    return this.#failed(row, failure);
  }

  async #deliver(row: OutboxMessageEntity, stop: AbortSignal): Promise<SendFailure | null> {
    const commented = () =>
      this.transactions.run(SYSTEM_ORIGIN, ({ manager }) =>
        this.messages.update(manager, row.id, { commentedAt: this.clock.now() }),
      );
    try {
      await this.channel.deliver(outgoing(row), { commented, stop });
      return null;
    } catch (error) {
      if (error instanceof SendFailure) return error;
      this.#logger.error({ err: error }, `message ${row.id} of run ${row.runId} broke something`);
      return new SendFailure('internal', 'something of ours broke; the log says what', {
        consequence: 'retry',
      });
    }
  }

  async #failed(row: OutboxMessageEntity, failure: SendFailure): Promise<number | null> {
    const attempts = row.attempts + 1;
    const { consequence, quietMs } = failure;
    if (consequence === 'skip') {
      await this.#settle(row, 'skipped', failure);
      return null;
    }
    if (consequence === 'give_up' || attempts >= this.settings.webhooks.outbound.maxAttempts) {
      await this.#settle(row, 'dead', failure);
      this.#logger.warn(
        `run ${row.runId}: ${targetOf(row).identifier} could not be told that it ${row.kind}, after ` +
          `${attempts} attempts: ${failure.reason} (${failure.message})`,
      );
      return quietMs ?? null;
    }
    const asked = quietMs === undefined ? null : askedPauseMs(quietMs, Math.random());
    await this.#putOff(row, failure, asked ?? backOffMs(SEND_BACK_OFF, attempts, Math.random()));
    return asked;
  }

  async #putOff(row: OutboxMessageEntity, failure: SendFailure, pauseMs: number): Promise<void> {
    const changes = {
      attempts: row.attempts + 1,
      nextAttemptAt: Math.round(this.clock.now() + pauseMs),
      reason: failure.reason,
      message: failure.message,
    };
    await this.transactions.run(SYSTEM_ORIGIN, ({ manager }) =>
      this.messages.update(manager, row.id, changes),
    );
    this.metrics.outboundMessages.inc({ kind: row.kind, outcome: 'retried' });
  }

  async #settle(
    row: OutboxMessageEntity,
    status: keyof typeof ACTIONS,
    failure: SendFailure | null,
  ): Promise<void> {
    const reason = failure?.reason ?? null;
    const changes = {
      status,
      attempts: row.attempts + 1,
      settledAt: this.clock.now(),
      reason,
      message: failure?.message ?? null,
    };
    const { kind, identifier } = targetOf(row);
    const details = { message: row.kind, to: `${kind}/${identifier}`, reason };
    await this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
      await this.messages.update(tx.manager, row.id, changes);
      tx.audit({ action: ACTIONS[status], target: row.runId, details });
    });
    this.metrics.outboundMessages.inc({ kind: row.kind, outcome: status });
  }
}

function targetOf(row: OutboxMessageEntity): OutboundTarget {
  return JSON.parse(row.target) as OutboundTarget;
}

function outgoing(row: OutboxMessageEntity): OutgoingMessage {
  return {
    runId: row.runId,
    kind: row.kind,
    target: targetOf(row),
    wish: JSON.parse(row.wish) as Wish,
    facts: JSON.parse(row.facts) as MessageFacts,
    commentId: row.commentId,
    commented: row.commentedAt !== null,
  };
}
