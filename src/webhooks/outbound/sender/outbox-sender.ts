import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';

import { Clock } from '../../../kernel/clock.js';
import { OverlookedEnds } from '../outbox/overlooked-ends.js';
import type { OutboxMessageEntity } from '../outbox/outbox-message.entity.js';
import { OutboxMessages } from '../outbox/outbox-messages.repository.js';
import { LONGEST_PAUSE_MS } from './back-off.js';
import { Sending } from './sending.js';

/** Messages that are sent at once, each of another lane. */
const MOST_AT_ONCE = 4;
const LEAST_PAUSE_MS = 50;
/** After something broke that is not of one message. */
const RETRY_MS = 1000;
/** How long a request that is under way may go on while the service stops. */
const STOP_MS = 2000;

/**
 * Sends what waits in the outbox: any lanes at once, one message at a time of each, the oldest first.
 * What it keeps in memory is only what spares needless requests, so a start goes on where a crash left.
 */
@Injectable()
export class OutboxSender implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger('Webhooks');
  readonly #working = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();
  #stopping = false;
  #looking: Promise<void> | null = null;
  #again = false;
  #timer: NodeJS.Timeout | null = null;
  /** As `Clock.monotonicMs`: nothing is sent before. */
  #quietUntil = -Infinity;

  constructor(
    private readonly messages: OutboxMessages,
    private readonly sending: Sending,
    private readonly overlooked: OverlookedEnds,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.overlooked.catchUp().then(
      () => this.poke(),
      (error: unknown) => this.#trouble(error),
    );
    this.poke();
  }

  /** Resolves when nothing is under way any more; a message that was cut off is sent by the next start. */
  async onModuleDestroy(): Promise<void> {
    this.#stopping = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const cut = setTimeout(() => this.#stop.abort(), STOP_MS);
    await this.#looking;
    await Promise.all(this.#working.values());
    clearTimeout(cut);
  }

  /** Something may be due. */
  poke(): void {
    if (this.#stopping) return;
    this.#again = true;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
      // Poked after the last look, before this was noted.
      if (this.#again) this.poke();
    });
  }

  async #look(): Promise<void> {
    try {
      while (this.#again && !this.#stopping) {
        this.#again = false;
        await this.#fill();
      }
    } catch (error) {
      this.#trouble(error);
    }
  }

  async #fill(): Promise<void> {
    const quiet = this.#quietUntil - this.clock.monotonicMs();
    if (quiet > 0) return this.#lookAgainIn(quiet);
    if (this.#working.size >= MOST_AT_ONCE) return;
    const now = this.clock.now();
    // Those of lanes that are worked on are due too, until their attempt is noted.
    for (const row of await this.messages.due(now, MOST_AT_ONCE * 2)) {
      if (this.#working.size >= MOST_AT_ONCE || this.#stopping) return;
      if (!this.#working.has(row.lane)) this.#start(row);
    }
    const next = await this.messages.nextAt(now);
    if (next !== null) this.#lookAgainIn(next - now);
  }

  #start(row: OutboxMessageEntity): void {
    const work = this.sending.attempt(row, this.#stop.signal).then(
      (quietMs) => this.#ended(row.lane, quietMs),
      (error: unknown) => {
        this.#working.delete(row.lane);
        this.#trouble(error);
      },
    );
    this.#working.set(row.lane, work);
  }

  #ended(lane: string, quietMs: number | null): void {
    this.#working.delete(lane);
    if (quietMs !== null) {
      this.#quietUntil = Math.max(this.#quietUntil, this.clock.monotonicMs() + quietMs);
    }
    this.poke();
  }

  #lookAgainIn(ms: number): void {
    if (this.#stopping) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const pause = Math.min(Math.max(ms, LEAST_PAUSE_MS), LONGEST_PAUSE_MS);
    this.#timer = setTimeout(() => this.poke(), pause);
    this.#timer.unref();
  }

  /** What could not be read or written now. */
  #trouble(error: unknown): void {
    if (this.#stopping) return;
    this.#logger.warn({ err: error }, 'the outbox cannot be worked on now; it is tried again');
    this.#lookAgainIn(RETRY_MS);
  }
}
