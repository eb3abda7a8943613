import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { UNLIMITED } from '../runs/run-questions.js';
import { startService, type RunningService } from '../support/service.js';
import { others, runSuite } from './suite-run.js';

describe('risoluto conformance, default policy', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await startService({ yaml: { ...UNLIMITED, runs: { maxConcurrent: 4 } } });
  });
  afterAll(() => service?.stop());

  it('finds nothing wrong', async () => {
    const run = await runSuite(service);
    expect(others(run, 'pass', 'not_applicable', 'warn')).toEqual([]);
    expect(run.code).toBe(0);
  }, 200_000);
});
