import type { Logger } from '@nestjs/common';

import { LogSample } from '../kernel/log-sample.js';

interface Denial {
  readonly requestId: string;
  readonly clientAddress: string;
  readonly method: string;
  readonly route: string | undefined;
}

/**
 * Writes down denials, at most one line a second for each code, so that a flood of them costs
 * neither disk nor time; a line says how many of its kind were left out before it.
 */
export class DenialLog {
  readonly #sample: LogSample;

  constructor(
    private readonly logger: Pick<Logger, 'warn'>,
    now?: () => number,
  ) {
    this.#sample = new LogSample(now);
  }

  write(code: string, denial: Denial): void {
    const leftOut = this.#sample.next(code);
    if (leftOut !== null) this.logger.warn({ msg: 'access denied', code, ...denial, leftOut });
  }
}
