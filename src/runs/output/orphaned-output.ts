import { Injectable, Logger } from '@nestjs/common';

import { RunRepository } from '../run.repository.js';
import { OutputLog } from './output-log.js';

/** As many as one question to the database names. */
const MOST_AT_ONCE = 500;

/** Output of runs that there are no rows of: what is removed with its run goes by itself after a crash. */
@Injectable()
export class OrphanedOutput {
  readonly #logger = new Logger('Runs');

  constructor(
    private readonly log: OutputLog,
    private readonly runs: RunRepository,
  ) {}

  async remove(): Promise<void> {
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
}
