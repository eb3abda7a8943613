import { setTimeout as sleep } from 'node:timers/promises';

import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';

import { Clock } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/domain-error.js';
import { LaneLoop, type LaneJob } from '../../kernel/lane-loop.js';
import { Inbox } from '../inbox/inbox.js';
import { Attempts } from './attempts.js';
import { DueDeliveries } from './due-deliveries.repository.js';
import { HANDLE_BACK_OFF } from './pauses.js';
import { Settling } from './settling.js';

/** Lanes that are worked on at once, step by step together; within one, deliveries follow one another. */
const MOST_LANES = 16;
/** Read at once, so that a long line of lanes is not read anew for each. */
const LANES_AT_ONCE = 256;
/** How long an attempt lets those that arrive go first, and how often it looks whether they have. */
const MOST_POLITE_MS = 100;
const POLITE_STEP_MS = 20;

/**
 * Takes what waits in the inbox, in any order of lanes and one at a time of each, first what happened
 * first. It keeps nothing in memory that the rows do not say, so a start goes on where a crash left.
 */
@Injectable()
export class InboxWorker implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger('Webhooks');
  readonly #loop: LaneLoop<LaneJob>;
  /** That have not begun yet. */
  #lanes: string[] = [];

  constructor(
    private readonly inbox: Inbox,
    private readonly due: DueDeliveries,
    private readonly attempts: Attempts,
    private readonly settling: Settling,
    private readonly clock: Clock,
  ) {
    const work = {
      atOnce: MOST_LANES,
      longestPauseMs: HANDLE_BACK_OFF.longestMs,
      due: (wanted: number) => this.#dueLanes(wanted),
      nextInMs: () => this.#nextInMs(),
      work: ({ lane }: LaneJob) => this.#work(lane),
      trouble: (error: unknown) => this.#trouble(error),
    };
    this.#loop = new LaneLoop(work, clock);
  }

  onApplicationBootstrap(): void {
    this.inbox.onStored(() => this.poke());
    this.poke();
  }

  /** Resolves when the attempts that are under way are over. */
  onModuleDestroy(): Promise<void> {
    return this.#loop.stop();
  }

  /** Something may be due. */
  poke(): void {
    this.#loop.poke();
  }

  async #dueLanes(wanted: number): Promise<LaneJob[]> {
    if (this.#lanes.length === 0) {
      this.#lanes = await this.due.lanes(this.clock.now(), LANES_AT_ONCE);
    }
    return this.#lanes.splice(0, wanted).map((lane) => ({ lane }));
  }

  async #nextInMs(): Promise<number | null> {
    if (this.#lanes.length > 0) return 0;
    const now = this.clock.now();
    const next = await this.due.nextAt(now);
    return next === null ? null : next - now;
  }

  async #work(lane: string): Promise<null> {
    while (!this.#loop.isStopping) {
      await this.#letArrivalsIn();
      const head = await this.due.head(lane);
      if (head === null) break;
      if (!this.due.isDue(head, this.clock.now())) {
        await this.settling.hold(lane, head.nextAttemptAt);
        break;
      }
      await this.attempts.attempt(head);
    }
    return null;
  }

  /** A sender waits for its 200 with a time limit; nobody waits for an attempt. */
  async #letArrivalsIn(): Promise<void> {
    for (
      let waited = 0;
      waited < MOST_POLITE_MS && this.inbox.isCrowded;
      waited += POLITE_STEP_MS
    ) {
      if (this.#loop.isStopping) return;
      await sleep(POLITE_STEP_MS);
    }
  }

  /** What could not be read or written now. */
  #trouble(error: unknown): void {
    // The rest of the service stops already.
    if (error instanceof DomainError && error.code === 'shutting_down') return;
    this.#logger.warn({ err: error }, 'the inbox cannot be worked on now; it is tried again');
  }
}
