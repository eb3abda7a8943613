import { Injectable } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import type { Arrival } from './inbox/arrivals.repository.js';
import { Deliveries } from './inbox/delivery.repository.js';
import { Inbox } from './inbox/inbox.js';
import { newDelivery, type Received } from './inbox/new-delivery.js';
import { judgeTime } from './replay-rule.js';

/** Puts a verified delivery into the inbox, if it is in time and new. */
@Injectable()
export class Admission {
  constructor(
    private readonly settings: Settings,
    private readonly deliveries: Deliveries,
    private readonly inbox: Inbox,
    private readonly clock: Clock,
  ) {}

  /**
   * Answers when it is durable.
   * @throws DomainError `replay_rejected`, and as `Inbox.store`
   */
  async admit(delivery: Omit<Received, 'receivedAt'>, requestId: string): Promise<Arrival> {
    const { source, identity } = delivery;
    const receivedAt = this.clock.now();
    if (!this.#isInTime(identity.signedAt, receivedAt)) return this.#known(delivery);
    const row = newDelivery({ ...delivery, receivedAt });
    return this.inbox.store(row, { actor: `webhook:${source}`, requestId });
  }

  #isInTime(signedAt: number | null, now: number): boolean {
    if (signedAt === null) return true;
    return judgeTime(signedAt, now, this.settings.webhooks.replayWindow) !== 'refused';
  }

  async #known({ source, identity }: Pick<Received, 'source' | 'identity'>): Promise<Arrival> {
    const { bodyHash, deliveryId } = identity;
    const id = await this.deliveries.findTwin(source, bodyHash, deliveryId);
    if (id !== null) return { id, duplicate: true };
    throw new DomainError(
      'replay_rejected',
      'The signed time is too long ago, or ahead, and this delivery was not received before',
    );
  }
}
