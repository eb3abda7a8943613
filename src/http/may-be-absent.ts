import { ValidateIf } from 'class-validator';

/** A field of a body that may be absent, but not `null`: a client that sends a field means something by it. */
export function MayBeAbsent(): PropertyDecorator {
  return ValidateIf((_body, value: unknown) => value !== undefined);
}
