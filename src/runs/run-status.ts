export const FINAL_STATUSES = [
  'succeeded',
  'failed',
  'cancelled',
  'timed_out',
  'out_of_memory',
  'lost',
] as const;

export type FinalStatus = (typeof FINAL_STATUSES)[number];

/** The states of a turn, in the order of its life. */
export const TURN_STATUSES = ['queued', 'preparing', 'running', ...FINAL_STATUSES] as const;

export type TurnStatus = (typeof TURN_STATUSES)[number];

/** The states of a run, in the order of its life. `idle`: it is kept alive, between its turns. */
export const RUN_STATUSES = ['queued', 'preparing', 'running', 'idle', ...FINAL_STATUSES] as const;

export type RunStatus = (typeof RUN_STATUSES)[number];

/** The states in which a turn of a run is executed. */
export const EXECUTED_STATUSES = ['preparing', 'running'] as const satisfies readonly RunStatus[];

/** The states in which a run holds its issue's workspace. */
export const ACTIVE_STATUSES = [
  ...EXECUTED_STATUSES,
  'idle',
] as const satisfies readonly RunStatus[];

/**
 * `preparing` may go back to where it came from, `queued` or `idle`: until its frame is sent, nothing
 * of a turn has happened. `running` goes back to `preparing` where an agent broke off and begins again. One that was `queued` in a backup is `lost`: it may have run since.
 */
const TRANSITIONS: Readonly<Record<RunStatus, readonly RunStatus[]>> = {
  queued: ['preparing', 'cancelled', 'lost'],
  preparing: ['queued', 'running', 'idle', 'failed', 'cancelled', 'lost'],
  running: ['preparing', 'idle', ...FINAL_STATUSES],
  idle: ['preparing', ...FINAL_STATUSES],
  succeeded: [],
  failed: [],
  cancelled: [],
  timed_out: [],
  out_of_memory: [],
  lost: [],
};

export function isFinal(status: RunStatus): status is FinalStatus {
  return TRANSITIONS[status].length === 0;
}

export function canBecome(from: RunStatus, to: RunStatus): boolean {
  return TRANSITIONS[from].includes(to);
}

/** A state was asked for that cannot follow; a mistake in the code, never a client's. */
export class IllegalTransitionError extends Error {
  constructor(
    readonly from: RunStatus,
    readonly to: RunStatus,
  ) {
    super(`a run that is ${from} cannot become ${to}`);
    this.name = 'IllegalTransitionError';
  }
}

/** @throws IllegalTransitionError */
export function assertTransition(from: RunStatus, to: RunStatus): void {
  if (!canBecome(from, to)) throw new IllegalTransitionError(from, to);
}
