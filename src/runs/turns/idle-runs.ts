import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';

import { LiveSettings } from '../../config/live-settings.js';
import { Clock } from '../../kernel/clock.js';
import { msSince, type HostMoment } from '../../kernel/host-moment.js';
import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import { Transactions } from '../../persistence/transactions.js';
import { RunClosing } from '../run-closing.js';
import { RunSignals } from '../run-signals.js';
import { RunRepository, type IdleRun } from '../run.repository.js';

/** Looks are at least so far apart, however many runs come to their limit one after another. */
const LEAST_PAUSE_MS = 100;
const RETRY_MS = 5000;
/** A timer cannot count further; it looks again and goes on. */
const LONGEST_PAUSE_MS = 24 * 60 * 60 * 1000;
const AT_A_TIME = 200;

/**
 * Closes kept-alive runs that no turn was asked of for `runs.idleTimeoutSeconds`. How long that was is
 * the count of the host, as it is stored with the run: nobody sets it, and it goes on while the
 * service is down. Where the host has booted since, the clock decides.
 */
@Injectable()
export class IdleRuns implements OnApplicationBootstrap {
  readonly #logger = new Logger('Runs');
  #timer: NodeJS.Timeout | null = null;
  /** When the timer fires, as `Clock.monotonicMs`. */
  #next = Infinity;
  #looking = false;

  constructor(
    private readonly transactions: Transactions,
    private readonly runs: RunRepository,
    private readonly closing: RunClosing,
    private readonly settings: LiveSettings,
    private readonly signals: RunSignals,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.signals.onIdle(() => this.#lookIn(this.#limitMs));
    this.settings.onReplaced(() => this.#lookIn(0));
    this.signals.onStopping(() => this.#stop());
    this.#lookIn(0);
  }

  get #limitMs(): number {
    return this.settings.runs.idleTimeoutSeconds * 1000;
  }

  /** Then, or earlier where that is what was asked for before. */
  #lookIn(ms: number): void {
    if (this.signals.stopping) return;
    const pause = Math.min(Math.max(ms, LEAST_PAUSE_MS), LONGEST_PAUSE_MS);
    const at = this.clock.monotonicMs() + pause;
    if (at >= this.#next) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#next = at;
    this.#timer = setTimeout(() => void this.#look(), pause);
    this.#timer.unref();
  }

  #stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  async #look(): Promise<void> {
    this.#next = Infinity;
    if (this.#looking) return this.#lookIn(LEAST_PAUSE_MS);
    this.#looking = true;
    try {
      const idle = await this.runs.longestIdle(AT_A_TIME);
      const left = idle.map((run) => this.#limitMs - this.#idleMs(run));
      const due = idle.filter((_run, index) => (left[index] ?? 0) <= 0);
      for (const run of due) await this.#close(run);
      if (due.length > 0) this.#lookIn(0);
      else if (idle.length > 0) this.#lookIn(Math.min(...left));
    } catch (error) {
      this.#logger.error('idle runs cannot be looked at now', error);
      this.#lookIn(RETRY_MS);
    } finally {
      this.#looking = false;
    }
  }

  #idleMs({ idleSince, idleMoment }: IdleRun): number {
    const moment = idleMoment === null ? null : (JSON.parse(idleMoment) as HostMoment);
    return msSince(moment) ?? this.clock.now() - idleSince;
  }

  async #close({ id, idleSince }: IdleRun): Promise<void> {
    const outcome = await this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
      const run = await this.runs.findIn(tx.manager, id);
      // A turn was asked for meanwhile, and may be over by now.
      if (run === null || run.idleSince !== idleSince) return null;
      return this.closing.close(tx, run);
    });
    if (outcome === null) return;
    this.closing.closed(outcome);
    this.#logger.log(`run ${id} was idle for too long and is closed`);
    this.signals.changes.notify(id);
    this.signals.queued();
  }
}
