import { msSince, type HostMoment } from '../../kernel/host-moment.js';
import type { NetworkAddress } from '../network-place.js';
import type { RunOutcome } from '../run-outcome.js';
import type { TakenRun } from '../run-queue.js';
import type { RunningCommandEntity } from '../running-command.entity.js';
import type { CommandLimits } from '../running-command.js';

/** A run that an earlier process left `running`, and whose container is there. */
export interface AdoptableRun extends TakenRun {
  containerId: string;
  runningAt: number;
  begun: HostMoment | null;
  nonce: string;
  at: NetworkAddress;
  limits: CommandLimits;
  /** The values that are masked in its output; `null`: there are none. */
  sealed: string | null;
  /** No fence could be put around its address again. */
  unfenced: boolean;
}

/** The command is lost, with the true reason. */
export class CommandLostError extends Error {
  constructor(readonly outcome: RunOutcome) {
    super('the command is lost');
  }
}

export const NEVER_SEEN_TO_BEGIN: RunOutcome = {
  status: 'lost',
  exitCode: null,
  reason: 'service_restarted',
  message: 'The service ended while it started the command; nothing says that it began.',
};

export const CONTAINER_GONE: RunOutcome = {
  status: 'lost',
  exitCode: null,
  reason: 'container_gone',
  message: 'Its container was gone when the service came back.',
};

export const CONVERSATION_LOST: RunOutcome = {
  status: 'lost',
  exitCode: null,
  reason: 'output_lost',
  message:
    'The agent printed more than the engine keeps, so what it was told is not known any more.',
};

/** `null` for a row that lacks what it takes: one of an older version. */
export function adoptable(taken: TakenRun, kept: RunningCommandEntity | null): AdoptableRun | null {
  const { run, own } = taken;
  const { containerId, runningAt } = run;
  if (kept === null || containerId === null || runningAt === null) return null;
  return {
    run,
    own,
    containerId,
    runningAt,
    begun: kept.begun === null ? null : (JSON.parse(kept.begun) as HostMoment),
    nonce: kept.nonce,
    sealed: kept.maskedValues,
    at: JSON.parse(kept.place) as NetworkAddress,
    limits: JSON.parse(kept.limits) as CommandLimits,
    unfenced: false,
  };
}

/**
 * How much of its time a command that runs has left: by the count of its host, because the clock may
 * have been set while nobody watched; by the clock only where the host has none.
 */
export function msLeft({ begun, runningAt, limits }: AdoptableRun, now: number): number {
  const ran = msSince(begun) ?? now - runningAt;
  return limits.timeoutSeconds * 1000 - ran;
}
