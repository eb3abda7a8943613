import { Injectable, Logger } from '@nestjs/common';

import { RunRepository } from '../run.repository.js';
import { OutputLog } from './output-log.js';

/** As many as one question to the database names. */
const MOST_AT_ONCE = 500;

/** Puts the output of earlier processes in order, before anybody can read it. */
@Injectable()
export class OutputUpkeep {
  readonly #logger = new Logger('Runs');

  constructor(
    private readonly log: OutputLog,
    private readonly runs: RunRepository,
  ) {}

  /** Removes that of runs that there are no rows of: it goes with its run, unless a crash came between. */
  async removeOrphans(): Promise<void> {
    const ids = await this.log.runIds();
    let removed = 0;
    for (let start = 0; start < ids.length; start += MOST_AT_ONCE) {
      const some = ids.slice(start, start + MOST_AT_ONCE);
      const known = await this.runs.knownOf(some);
      for (const id of some.filter((one) => !known.has(one))) {
        await this.log.remove(id);
        removed += 1;
      }
    }
    if (removed > 0) this.#logger.warn(`removed the output of ${removed} run(s) that do not exist`);
  }

  /**
   * Cuts off what was half written. A file that cannot be mended keeps its own run from going on, and
   * nothing else.
   */
  async mend(): Promise<void> {
    for (const { id } of await this.runs.interrupted()) {
      try {
        const appender = await this.log.open(id);
        await appender.close();
      } catch (error) {
        this.#logger.error(`the output of run ${id} cannot be mended`, error);
      }
    }
  }
}
