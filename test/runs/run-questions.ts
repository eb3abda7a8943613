import { expect } from 'vitest';

import type { ApiAnswer } from '../support/http.js';
import type { RunningService } from '../support/service.js';
import { until } from './until.js';

/** Limits of requests are no subject of these tests. */
export const UNLIMITED = { rateLimits: { api: { limit: 1_000_000 } } };

export interface Run {
  id: string;
  issue: string;
  status: string;
  exitCode: number | null;
  reason: string | null;
  message: string | null;
  actor: string;
  createdAt: string;
  phases: Record<
    'queuedAt' | 'preparingAt' | 'runningAt' | 'endedAt' | 'finishedAt',
    string | null
  >;
}

/** A shell command of a run's request. */
export function sh(script: string): string[] {
  return ['sh', '-c', script];
}

export async function showRun(service: RunningService, id: string): Promise<Run> {
  const answer = await service.api('GET', `/api/v1/runs/${id}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body as Run;
}

export function untilStatus(
  service: RunningService,
  id: string,
  status: string,
  timeoutMs?: number,
): Promise<Run> {
  return until(
    `run ${id} to be ${status}`,
    async () => {
      const run = await showRun(service, id);
      return run.status === status ? run : null;
    },
    timeoutMs,
  );
}

/** Until the run has printed `text`. */
export async function untilPrinted(
  service: RunningService,
  id: string,
  text: string,
): Promise<void> {
  await until(`run ${id} to print ${text}`, async () => {
    const answer = await service.api('GET', `/api/v1/runs/${id}/output`, {
      headers: { accept: 'text/plain' },
    });
    return answer.text.includes(text) ? true : null;
  });
}

export function cancelRun(service: RunningService, id: string): Promise<ApiAnswer> {
  return service.api('POST', `/api/v1/runs/${id}/cancel`);
}

/** The actions that the audit trail has of a run, oldest first. */
export async function auditOf(service: RunningService, id: string): Promise<string[]> {
  const answer = await service.api('GET', `/api/v1/audit?target=${id}`);
  expect(answer.status, answer.text).toBe(200);
  const items = answer.body.items as { seq: number; action: string }[];
  return items.sort((one, other) => one.seq - other.seq).map(({ action }) => action);
}

export async function setSecret(
  service: RunningService,
  name: string,
  value: string,
): Promise<void> {
  const answer = await service.api('PUT', `/api/v1/secrets/${name}`, { body: { value } });
  expect(answer.status, answer.text).toBe(204);
}
