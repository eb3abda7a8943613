import { setTimeout as sleep } from 'node:timers/promises';

import type { LogSource } from './log-source.js';

/** Without a sign that there is anything new. */
const MOST_PAUSE_MS = 10_000;

/** A follower of a log that is no reader: it only tells that something was printed. */
export class LogBell {
  private constructor(
    readonly remove: () => void,
    private readonly rung: AbortSignal,
  ) {}

  /**
   * Hang it before the log is looked at, and nothing that comes after the look is missed. `over`: there is
   * nothing to wait for any more.
   */
  static async hang({ engine, containerId }: LogSource, over: AbortSignal): Promise<LogBell> {
    const stream = await engine.logs(containerId, { follow: true, tail: 0 });
    const rung = new AbortController();
    // One sign is enough: what a flood prints is not carried here for nothing.
    const ring = () => {
      rung.abort();
      stream.destroy();
    };
    for (const event of ['data', 'end', 'error', 'close']) stream.on(event, ring);
    over.addEventListener('abort', ring);
    const remove = () => {
      over.removeEventListener('abort', ring);
      stream.destroy();
    };
    if (over.aborted) ring();
    return new LogBell(remove, rung.signal);
  }

  /** Resolves when there may be more in the log; where the bell cannot ring, after some seconds. */
  async rings(): Promise<void> {
    await pause(MOST_PAUSE_MS, this.rung);
  }
}

/** Ends early, and never fails, when the signal fires. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
