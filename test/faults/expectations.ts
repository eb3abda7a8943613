import { expect } from 'vitest';

/** `about` says whose it is when it fails. */
export function expectSame(actual: unknown, expected: unknown, about: string): void {
  expect(actual, about).toEqual(expected);
}

export function expectOneOf(actual: unknown, possible: readonly unknown[], about: string): void {
  expect(possible, `${about}: ${String(actual)}`).toContain(actual);
}
