import { expect } from 'vitest';

import type { ApiAnswer } from '../support/http.js';
import { startService, type RunningService } from '../support/service.js';

const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;

/** What an answer to bad input must be. */
export interface Refusal {
  status: number;
  code: string;
  /** A field that the details name; absent where no field is to blame. */
  field?: string;
}

/** Fails with the whole answer unless it is this refusal, in the envelope, with its request id. */
export function expectRefusal(answer: ApiAnswer, { status, code, field }: Refusal): void {
  const said = `${answer.status} ${answer.text.slice(0, 600)}`;
  expect(answer.status, said).toBe(status);
  expect(answer.headers['x-request-id'], said).toMatch(ULID);
  expect(answer.headers['content-type'], said).toBe('application/json; charset=utf-8');
  expect(Object.keys(answer.body), said).toEqual(['error']);
  expect(answer.body.error.code, said).toBe(code);
  expect(answer.body.error.message, said).toMatch(/\S/);
  expect(answer.text.length, said).toBeLessThan(20_000);
  if (field === undefined) return;
  const fields = (answer.body.error.details ?? []).map((detail: { field: string }) => detail.field);
  expect(fields, said).toContain(field);
}

/** A service whose engine is away, so that what it accepts stays in the queue and is seen there. */
export function startWithoutEngine(yaml: object = {}): Promise<RunningService> {
  return startService({
    yaml: { rateLimits: { api: { limit: 1_000_000 } }, ...yaml },
    env: { DOCKER_HOST: 'unix:///nonexistent/engine.sock' },
  });
}
