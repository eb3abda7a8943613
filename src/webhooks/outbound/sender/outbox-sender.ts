import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';

import { Clock } from '../../../kernel/clock.js';
import { LaneLoop } from '../../../kernel/lane-loop.js';
import { OverlookedEnds } from '../outbox/overlooked-ends.js';
import type { OutboxMessageEntity } from '../outbox/outbox-message.entity.js';
import { OutboxMessages } from '../outbox/outbox-messages.repository.js';
import { LONGEST_PAUSE_MS } from './pauses.js';
import { Sending } from './sending.js';

/** Messages that are sent at once, each of another lane. */
const MOST_AT_ONCE = 4;
/** How long a request that is under way may go on while the service stops. */
const STOP_MS = 2000;

/**
 * Sends what waits in the outbox: any lanes at once, one message at a time of each, the oldest first.
 * What it keeps in memory is only what spares needless requests, so a start goes on where a crash left.
 */
@Injectable()
export class OutboxSender implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger('Webhooks');
  readonly #stop = new AbortController();
  readonly #loop: LaneLoop<OutboxMessageEntity>;

  constructor(
    messages: OutboxMessages,
    sending: Sending,
    private readonly overlooked: OverlookedEnds,
    clock: Clock,
  ) {
    const work = {
      atOnce: MOST_AT_ONCE,
      longestPauseMs: LONGEST_PAUSE_MS,
      // Those of lanes that are worked on are due too, until their attempt is noted.
      due: () => messages.due(clock.now(), MOST_AT_ONCE * 2),
      async nextInMs() {
        const now = clock.now();
        const next = await messages.nextAt(now);
        return next === null ? null : next - now;
      },
      work: (row: OutboxMessageEntity) => sending.attempt(row, this.#stop.signal),
      trouble: (error: unknown) =>
        this.#logger.warn({ err: error }, 'the outbox cannot be worked on now; it is tried again'),
    };
    this.#loop = new LaneLoop(work, clock);
  }

  onApplicationBootstrap(): void {
    this.overlooked.catchUp().then(
      () => this.poke(),
      (error: unknown) => this.#loop.trouble(error),
    );
    this.poke();
  }

  /** Resolves when nothing is under way any more; a message that was cut off is sent by the next start. */
  async onModuleDestroy(): Promise<void> {
    const cut = setTimeout(() => this.#stop.abort(), STOP_MS);
    await this.#loop.stop();
    clearTimeout(cut);
  }

  /** Something may be due. */
  poke(): void {
    this.#loop.poke();
  }
}
