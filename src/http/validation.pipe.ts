import { ValidationPipe, type ValidationError } from '@nestjs/common';

import { DomainError, type ErrorDetail } from '../kernel/domain-error.js';

/** A body can hold a hundred thousand wrong fields; an answer need not. */
const MAX_DETAILS = 50;
const MAX_FIELD_LENGTH = 200;

/** Checks bodies, queries and parameters against their DTO; what the DTO does not know is refused. */
export function createValidationPipe(): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    validationError: { target: false, value: false },
    exceptionFactory: validationFailed,
  });
}

export function validationFailed(errors: readonly ValidationError[]): DomainError {
  const details = [...flatten(errors, '')].slice(0, MAX_DETAILS);
  const fields = [...new Set(details.map((detail) => detail.field))].slice(0, 5).join(', ');
  return new DomainError('validation_failed', `The request has wrong fields: ${fields}`, {
    details,
  });
}

function* flatten(errors: readonly ValidationError[], prefix: string): Generator<ErrorDetail> {
  for (const error of errors) {
    const field = `${prefix}${error.property}`.slice(0, MAX_FIELD_LENGTH);
    for (const [rule, message] of Object.entries(error.constraints ?? {})) {
      yield { field, message: rule === 'whitelistValidation' ? 'is not a known field' : message };
    }
    yield* flatten(error.children ?? [], `${field}.`);
  }
}
