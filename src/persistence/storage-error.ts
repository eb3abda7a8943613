import { DomainError } from '../kernel/domain-error.js';

/** SQLite's results that say that the store, not the statement, is at fault. */
const STORAGE_CODES = new Set([
  'SQLITE_BUSY',
  'SQLITE_LOCKED',
  'SQLITE_FULL',
  'SQLITE_IOERR',
  'SQLITE_READONLY',
  'SQLITE_CANTOPEN',
  'SQLITE_CORRUPT',
  'SQLITE_NOTADB',
  'SQLITE_NOMEM',
  'SQLITE_PERM',
  'SQLITE_AUTH',
  'SQLITE_PROTOCOL',
  'SQLITE_NOLFS',
]);

/** After one of these SQLite may have rolled the whole transaction back by itself. */
export function isStorageFailure(error: unknown): boolean {
  return STORAGE_CODES.has(driverErrorOf(error).code ?? '');
}

/** A statement that broke a UNIQUE or PRIMARY KEY constraint; it changed nothing. */
export function isUniqueViolation(error: unknown): boolean {
  const { code, message } = driverErrorOf(error);
  return code === 'SQLITE_CONSTRAINT' && /UNIQUE constraint failed/.test(message ?? '');
}

export function storageUnavailable(cause: unknown): DomainError {
  return new DomainError('storage_unavailable', 'The database cannot be used at the moment', {
    cause,
    retryAfterSeconds: 5,
  });
}

/** Turns a failure of the store into `storage_unavailable` and leaves every other error as it is. */
export function translateStorageError(error: unknown): unknown {
  return isStorageFailure(error) ? storageUnavailable(error) : error;
}

/** TypeORM keeps a statement's parameters on its error, and loggers print them: values must not get there. */
export function dropParameters(error: unknown): void {
  if (error instanceof Error && 'parameters' in error) error.parameters = undefined;
}

function driverErrorOf(error: unknown): { code?: string; message?: string } {
  if (!(error instanceof Error)) return {};
  const { driverError } = error as { driverError?: unknown };
  return driverError instanceof Error ? driverError : error;
}
