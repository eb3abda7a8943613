import { DomainError } from '../kernel/domain-error.js';

/**
 * A control that cannot be applied: the run is refused. `control` is the key or the name that an
 * operator knows it by, `remedy` what to do, without paths of the host.
 */
export function controlUnavailable(control: string, remedy: string, cause?: unknown): DomainError {
  return new DomainError('control_unavailable', `${control} cannot be applied: ${remedy}`, {
    details: [{ field: control, message: remedy }],
    cause,
  });
}
