import { monotonicFactory } from 'ulid';

const next = monotonicFactory();

/** A ULID (https://github.com/ulid/spec): 26 characters that sort by the time they were made. */
export function newId(): string {
  return next();
}

/** Matches the ids of `newId`, and nothing that needs quoting anywhere. */
export const ID_PATTERN = /^[0-9A-HJKMNP-TV-Z]{26}$/;
