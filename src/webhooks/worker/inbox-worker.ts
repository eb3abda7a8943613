import { setTimeout as sleep } from 'node:timers/promises';

import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';

import { DomainError } from '../../kernel/domain-error.js';
import { Clock } from '../../kernel/clock.js';
import { Inbox } from '../inbox/inbox.js';
import { Attempts } from './attempts.js';
import { LONGEST_BACK_OFF_MS } from './back-off.js';
import { DueDeliveries } from './due-deliveries.repository.js';
import { Settling } from './settling.js';

/** Lanes that are worked on at once; within one, deliveries follow one another. */
const MOST_LANES = 8;
/** Read at once, so that a long line of lanes is not read anew for each. */
const LANES_AT_ONCE = 256;
const LEAST_PAUSE_MS = 50;
/** How long an attempt lets those that arrive go first, and how often it looks whether they have. */
const MOST_POLITE_MS = 100;
const POLITE_STEP_MS = 20;
/** After something broke that is not of one delivery. */
const RETRY_MS = 1000;

/**
 * Takes what waits in the inbox, in any order of lanes and one at a time of each, first what happened
 * first. It keeps nothing in memory that the rows do not say, so a start goes on where a crash left.
 */
@Injectable()
export class InboxWorker implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger('Webhooks');
  readonly #working = new Map<string, Promise<void>>();
  #lanes: string[] = [];
  #looking: Promise<void> | null = null;
  #again = false;
  #stopping = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly inbox: Inbox,
    private readonly due: DueDeliveries,
    private readonly attempts: Attempts,
    private readonly settling: Settling,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.inbox.onStored(() => this.poke());
    this.poke();
  }

  /** Resolves when the attempts that are under way are over. */
  async onModuleDestroy(): Promise<void> {
    this.#stopping = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#looking;
    await Promise.all(this.#working.values());
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
      if (this.#lanes.length === 0) this.#lookAgainAt(await this.due.nextAt(this.clock.now()));
    } catch (error) {
      this.#trouble(error);
    }
  }

  async #fill(): Promise<void> {
    if (this.#working.size >= MOST_LANES) return;
    if (this.#lanes.length === 0) {
      this.#lanes = await this.due.lanes(this.clock.now(), LANES_AT_ONCE);
    }
    while (this.#working.size < MOST_LANES && !this.#stopping) {
      const lane = this.#lanes.shift();
      if (lane === undefined) return;
      if (!this.#working.has(lane)) this.#start(lane);
    }
  }

  #start(lane: string): void {
    const work = this.#work(lane).then(
      () => this.#ended(lane),
      (error: unknown) => {
        this.#working.delete(lane);
        this.#trouble(error);
      },
    );
    this.#working.set(lane, work);
  }

  #ended(lane: string): void {
    this.#working.delete(lane);
    this.poke();
  }

  async #work(lane: string): Promise<void> {
    while (!this.#stopping) {
      const head = await this.due.head(lane);
      if (head === null) return;
      if (!this.due.isDue(head, this.clock.now())) {
        await this.settling.hold(lane, head.nextAttemptAt);
        return;
      }
      await this.#letArrivalsIn();
      await this.attempts.attempt(head);
    }
  }

  /** A sender waits for its 200 with a time limit; nobody waits for an attempt. */
  async #letArrivalsIn(): Promise<void> {
    for (
      let waited = 0;
      waited < MOST_POLITE_MS && this.inbox.isCrowded;
      waited += POLITE_STEP_MS
    ) {
      if (this.#stopping) return;
      await sleep(POLITE_STEP_MS);
    }
  }

  #lookAgainAt(at: number | null): void {
    if (at === null) return;
    this.#lookAgainIn(at - this.clock.now());
  }

  #lookAgainIn(ms: number): void {
    if (this.#stopping) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const pause = Math.min(Math.max(ms, LEAST_PAUSE_MS), LONGEST_BACK_OFF_MS);
    this.#timer = setTimeout(() => this.poke(), pause);
    this.#timer.unref();
  }

  /** What could not be read or written now. */
  #trouble(error: unknown): void {
    if (this.#stopping) return;
    this.#lookAgainIn(RETRY_MS);
    // The rest of the service stops already.
    if (error instanceof DomainError && error.code === 'shutting_down') return;
    this.#logger.warn({ err: error }, 'the inbox cannot be worked on now; it is tried again');
  }
}
