import { setTimeout as sleep } from 'node:timers/promises';

import { DomainError } from '../kernel/domain-error.js';
import { hostFault } from '../kernel/host-fault.js';
import type { WaitingReason } from './run-view.js';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/**
 * What ends by itself, so that the same step may succeed later: the engine or the database away, the
 * machine out of something. A fault that another error was made of counts as its own.
 */
export function isPassing(error: unknown): boolean {
  if (hostFault(error) !== null) return true;
  if (error instanceof DomainError && isPassingCode(error.code)) return true;
  return error instanceof Error && error.cause !== undefined && isPassing(error.cause);
}

/** What to tell of a run that waits because of a passing fault. */
export function waitingFor(error: unknown): WaitingReason {
  if (error instanceof DomainError && isPassingCode(error.code)) {
    return { reason: error.code, message: error.message };
  }
  const cause = error instanceof Error ? error.cause : undefined;
  if (hostFault(error) === null && cause !== undefined) return waitingFor(cause);
  return {
    reason: 'host_fault',
    message: `The machine refused something that the run needs (${hostFault(error) ?? 'unknown'}).`,
  };
}

function isPassingCode(code: string): boolean {
  return code === 'engine_unavailable' || code.startsWith('storage_');
}

/** How long to wait before the next attempt after so many that failed: 0.5 s, doubled to 15 s. */
export function pauseAfter(attempts: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempts - 1, 10));
}

/**
 * Does `work` until no passing fault keeps it from its answer; `onFault` hears of the first.
 *
 * @throws what is no passing fault, and the fault itself once `leaving` has fired.
 */
export async function pastFaults<T>(
  leaving: AbortSignal,
  work: () => Promise<T>,
  onFault: (error: unknown) => void,
): Promise<T> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || leaving.aborted) throw error;
      if (attempts === 1) onFault(error);
    }
    await sleep(pauseAfter(attempts), undefined, { signal: leaving }).catch(() => undefined);
  }
}
