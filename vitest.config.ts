import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    teardownTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['src/**/*.spec.ts', 'scripts/**/*.spec.ts'],
          // Five seconds are not enough for hundreds of cases beside worlds that keep both cores busy.
          testTimeout: 30_000,
          hookTimeout: 30_000,
          setupFiles: ['reflect-metadata', './test/support/property-seed.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/**/*.spec.ts'],
          setupFiles: ['reflect-metadata', './test/support/property-seed.ts'],
          // One file at a time has a world to itself: it may stop the engine.
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
