import type { DomainError } from '../kernel/domain-error.js';

/** An error's message with those of its details that the message does not tell already. */
export function explain(error: DomainError): string {
  const details = (error.details ?? []).filter(({ message }) => !error.message.includes(message));
  return [error.message, ...details.map(({ field, message }) => `${field}: ${message}`)].join('; ');
}
