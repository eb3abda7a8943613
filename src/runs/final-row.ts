import type { RunOutcome } from './run-outcome.js';
import { withoutValues } from './run-request.js';
import type { RunEntity } from './run.entity.js';

/** What the row of a run holds once its outcome is final; the values of its environment are wiped. */
export function finalRow(run: RunEntity, outcome: RunOutcome, now: number): Partial<RunEntity> {
  const { exitCode, reason, message } = outcome;
  return {
    exitCode,
    reason,
    message,
    containerId: null,
    idleSince: null,
    idleMoment: null,
    finishedAt: now,
    request: withoutValues(run.request),
  };
}
