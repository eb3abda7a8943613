import fc from 'fast-check';

// oxlint-disable-next-line node/no-process-env
const { TEST_SEED } = process.env;

// Without a number each run tries other cases; a failure names its seed.
if (/^\d+$/.test(TEST_SEED ?? '')) fc.configureGlobal({ seed: Number(TEST_SEED) });
