import { statfs } from 'node:fs/promises';

import { Logger } from '@nestjs/common';

import { DomainError } from '../kernel/domain-error.js';
import type { DiskMeter } from './disk-meter.js';
import type { RunSession } from './run-session.js';

/** How often the file system's free space is looked at: cheap. */
const LOOK_MS = 1000;
/** A run is not measured before this, nor more seldom than `MEASURE_MS`. */
const FIRST_MEASURE_MS = 3000;
const MEASURE_MS = 30_000;

/** So many measurements in a row may fail before the limit counts as one that cannot be held. */
const MOST_FAILURES = 3;

/**
 * Ends a run whose workspace and HOME outgrow their limit. What they hold is measured in a helper
 * container; between two measurements a run can have grown by no more than the file system has
 * filled, so it is measured again when that could have brought it to its limit. A run that cannot be
 * measured is ended too: a limit that nobody holds is none.
 */
export class DiskWatch {
  readonly #logger = new Logger('DiskWatch');
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  #failures = 0;
  /** Bytes measured last, with the free bytes of the file system and the time. */
  #last: { used: number; free: number; at: number } | null = null;
  #started = { free: Infinity, at: 0 };

  constructor(
    private readonly meter: DiskMeter,
    private readonly session: RunSession,
    private readonly limitBytes: number,
    /** Bytes that count too: what was written to a writable root filesystem. */
    private readonly alsoUsed: () => Promise<number>,
  ) {}

  start(): void {
    this.#started = { free: Infinity, at: performance.now() };
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.meter.outdate(this.session.run.issue);
  }

  #schedule(): void {
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#look(), LOOK_MS);
  }

  async #look(): Promise<void> {
    try {
      const directory = this.meter.directoryOf(this.session.run.issue);
      const { bavail, bsize } = await statfs(directory);
      const free = bavail * bsize;
      if (this.#isDue(free)) await this.#measure(free);
    } catch (error) {
      // A run that outgrows its limit meanwhile could not be ended either.
      if (!isEngineAway(error)) this.#failed(error);
    }
    this.#schedule();
  }

  #failed(error: unknown): void {
    this.#logger.warn(`run ${this.session.run.id}: its disk use could not be measured`, error);
    this.#failures += 1;
    if (this.#failures >= MOST_FAILURES && !this.#stopped) this.session.end('disk_unmeasured');
  }

  #isDue(free: number): boolean {
    const now = performance.now();
    if (this.#last === null) {
      if (this.#started.free === Infinity) this.#started.free = free;
      const filled = this.#started.free - free >= this.limitBytes;
      return filled || now - this.#started.at >= FIRST_MEASURE_MS;
    }
    const grown = Math.max(0, this.#last.free - free);
    return this.#last.used + grown >= this.limitBytes || now - this.#last.at >= MEASURE_MS;
  }

  async #measure(free: number): Promise<void> {
    const [inDirectories, elsewhere] = await Promise.all([
      this.meter.usedBytes(this.session.run.issue),
      this.alsoUsed(),
    ]);
    if (!this.#stopped) this.meter.record(this.session.run.issue, inDirectories);
    const used = inDirectories + elsewhere;
    this.#failures = 0;
    this.#last = { used, free, at: performance.now() };
    if (used > this.limitBytes && !this.#stopped) this.session.end('disk_limit');
  }
}

function isEngineAway(error: unknown): boolean {
  return error instanceof DomainError && error.code === 'engine_unavailable';
}
