import { describe, it } from 'vitest';

/** `npm run test:long`: the crash and fuzz suites try much more, for hours if need be. */
// oxlint-disable-next-line node/no-process-env
const { TEST_LONG, TEST_SEED } = process.env;

const LONG = TEST_LONG === '1';

/** The size of a suite in its short and in its long form. */
export function sized<T>(short: T, long: T): T {
  return LONG ? long : short;
}

/**
 * For cases of which the short form has a representative beside them: the long form alone runs them, and
 * the short one names them as not run.
 */
const itLong = LONG ? it : it.skip;

/**
 * For what the runtime makes no difference to that is known, such as what the host or the gateway does:
 * under gVisor in the long form alone.
 */
export function itAlike(runtime: 'runc' | 'runsc'): typeof itLong {
  return runtime === 'runc' ? it : itLong;
}

export function describeAlike(runtime: 'runc' | 'runsc'): typeof describe.skip {
  return runtime === 'runc' || LONG ? describe : describe.skip;
}

/** `npm test` gives one for the whole run (CONTRIBUTING.md). A suite prints the one that it used. */
export const SEED = Number(TEST_SEED ?? Date.now() % 2_147_483_647);
