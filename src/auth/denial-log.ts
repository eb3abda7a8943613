import type { Logger } from '@nestjs/common';

const EVERY_MS = 1000;

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
  readonly #codes = new Map<string, { nextAt: number; leftOut: number }>();

  constructor(
    private readonly logger: Pick<Logger, 'warn'>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  write(code: string, denial: Denial): void {
    const state = this.#codes.get(code) ?? { nextAt: 0, leftOut: 0 };
    this.#codes.set(code, state);
    const now = this.now();
    if (now < state.nextAt) {
      state.leftOut += 1;
      return;
    }
    this.logger.warn({ msg: 'access denied', code, ...denial, leftOut: state.leftOut });
    state.nextAt = now + EVERY_MS;
    state.leftOut = 0;
  }
}
