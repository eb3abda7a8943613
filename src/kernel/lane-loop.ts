import type { Clock } from './clock.js';

const LEAST_PAUSE_MS = 50;
/** After something broke that is not of one job. */
const RETRY_MS = 1000;

/** Something to do; those of one lane follow one another. */
export interface LaneJob {
  readonly lane: string;
}

/** What a loop works on. What any of these throws is trouble: it is told, and there is another look soon. */
export interface LaneWork<Job extends LaneJob> {
  /** Lanes that are worked on at once. */
  readonly atOnce: number;
  /** No look is put off for longer. */
  readonly longestPauseMs: number;
  /**
   * What may begin now, first what waits longest. Jobs of lanes that are worked on already, and more
   * jobs than are wanted, are left alone.
   */
  due(wanted: number): Promise<readonly Job[]>;
  /** How long until something more is due, in milliseconds; `null`: nothing waits for its time. */
  nextInMs(): Promise<number | null>;
  /** Answers for how long nothing more may begin, of any lane, in milliseconds; `null`: as soon as it likes. */
  work(job: Job): Promise<number | null>;
  trouble(error: unknown): void;
}

/**
 * Works on any lanes at once and one job at a time of each: looks what is due when it is poked, when a
 * job has ended, and when the next one is due. It remembers nothing of jobs, so that a start goes on
 * where a crash left.
 */
export class LaneLoop<Job extends LaneJob> {
  readonly #working = new Map<string, Promise<void>>();
  #stopping = false;
  #looking: Promise<void> | null = null;
  #again = false;
  #timer: NodeJS.Timeout | null = null;
  /** As `Clock.monotonicMs`: nothing begins before. */
  #quietUntil = -Infinity;

  constructor(
    private readonly lanes: LaneWork<Job>,
    private readonly clock: Clock,
  ) {}

  get isStopping(): boolean {
    return this.#stopping;
  }

  /** Begins nothing more, and resolves when what is under way has ended. */
  async stop(): Promise<void> {
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

  /** Something is wrong that is not of one job: there is another look soon. */
  trouble(error: unknown): void {
    if (this.#stopping) return;
    this.lanes.trouble(error);
    this.#lookAgainIn(RETRY_MS);
  }

  async #look(): Promise<void> {
    try {
      while (this.#again && !this.#stopping) {
        this.#again = false;
        await this.#fill();
      }
    } catch (error) {
      this.trouble(error);
    }
  }

  async #fill(): Promise<void> {
    const quietMs = this.#quietUntil - this.clock.monotonicMs();
    if (quietMs > 0) return this.#lookAgainIn(quietMs);
    const { atOnce } = this.lanes;
    if (this.#working.size >= atOnce) return;
    for (const job of await this.lanes.due(atOnce - this.#working.size)) {
      // Whoever ends makes room, and pokes.
      if (this.#working.size >= atOnce || this.#stopping) return;
      if (!this.#working.has(job.lane)) this.#working.set(job.lane, this.#work(job));
    }
    const next = await this.lanes.nextInMs();
    if (next !== null) this.#lookAgainIn(next);
  }

  async #work(job: Job): Promise<void> {
    try {
      const quietMs = await this.lanes.work(job);
      if (quietMs !== null) {
        this.#quietUntil = Math.max(this.#quietUntil, this.clock.monotonicMs() + quietMs);
      }
      // Before the poke: there is room now.
      this.#working.delete(job.lane);
      this.poke();
    } catch (error) {
      this.#working.delete(job.lane);
      this.trouble(error);
    }
  }

  #lookAgainIn(ms: number): void {
    if (this.#stopping) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const pause = Math.min(Math.max(ms, LEAST_PAUSE_MS), this.lanes.longestPauseMs);
    this.#timer = setTimeout(() => this.poke(), pause);
    this.#timer.unref();
  }
}
