import { DomainError } from '../kernel/domain-error.js';

/** Why the fence does not stand; both texts reach clients, so they name no path and quote no tool. */
export interface FenceFault {
  readonly reason: string;
  readonly remedy: string;
}

/** `control_unavailable`: the run that needs the fence must not start, or must end. */
export function fenceUnavailable({ reason, remedy }: FenceFault, cause?: unknown): DomainError {
  return new DomainError('control_unavailable', `The control fence cannot be applied: ${reason}`, {
    details: [{ field: 'fence', message: remedy }],
    cause,
  });
}
