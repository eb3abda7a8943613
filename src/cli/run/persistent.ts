import { setTimeout as sleep } from 'node:timers/promises';

import { isTransient, ServiceRefusal } from '../service/service-error.js';
import { Patience } from './patience.js';

/** Tells a person that the service is away, and that it is back; once each. */
export class AwayNotice {
  #told = false;

  constructor(
    private readonly note: (text: string) => void,
    private readonly limitMs: number,
  ) {}

  failed(error: Error, failures: number): void {
    // One failed attempt is a hiccup.
    if (this.#told || failures < 2) return;
    this.#told = true;
    this.note(`${error.message}; trying again for ${Math.round(this.limitMs / 1000)} s`);
  }

  succeeded(): void {
    if (this.#told) this.note('the service answers again');
    this.#told = false;
  }
}

/** Repeats what may succeed a little later, until the time for that is up. */
export class Persistent {
  constructor(
    private readonly limitMs: number,
    private readonly notice: AwayNotice,
  ) {}

  /**
   * @param onFailure before each wait; may throw to stop trying
   * @param wake ends a wait early
   */
  async call<T>(
    attempt: () => Promise<T>,
    { onFailure, wake }: { onFailure?: (error: Error) => void; wake?: AbortSignal } = {},
  ): Promise<T> {
    const patience = new Patience(this.limitMs);
    for (;;) {
      try {
        const result = await attempt();
        this.notice.succeeded();
        return result;
      } catch (error) {
        if (!isTransient(error)) throw error;
        onFailure?.(error);
        const waitMs = patience.afterFailure(
          error instanceof ServiceRefusal ? error.retryAfterMs : null,
        );
        if (waitMs === null) throw error;
        this.notice.failed(error, patience.failures);
        await pause(waitMs, wake);
      }
    }
  }
}

/** Ends early, and never fails, when `wake` fires meanwhile. */
export async function pause(ms: number, wake?: AbortSignal): Promise<void> {
  const signal = wake?.aborted === false ? wake : undefined;
  await sleep(ms, undefined, signal && { signal }).catch(() => undefined);
}
