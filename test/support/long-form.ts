/** `npm run test:long`: the crash and fuzz suites try much more, for hours if need be. */
// oxlint-disable-next-line node/no-process-env
const { TEST_LONG, TEST_SEED } = process.env;

/** The size of a suite in its short and in its long form. */
export function sized(short: number, long: number): number {
  return TEST_LONG === '1' ? long : short;
}

/** `npm test` gives one for the whole run (CONTRIBUTING.md). A suite prints the one that it used. */
export const SEED = Number(TEST_SEED ?? Date.now() % 2_147_483_647);
