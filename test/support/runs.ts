import { expect } from 'vitest';

import type { ApiRequest } from './http.js';
import type { RunningService } from './service.js';

const UNFINISHED = new Set(['queued', 'preparing', 'running', 'idle']);

export interface FinishedRun {
  id: string;
  status: string;
  exitCode: number | null;
  reason: string | null;
  stdout: string;
  stderr: string;
}

/** Accepts a run and answers its id; fails the test with the answer when it is refused. */
export async function createRun(
  service: RunningService,
  body: Record<string, unknown>,
  request: ApiRequest = {},
): Promise<string> {
  const answer = await service.api('POST', '/api/v1/runs', { ...request, body });
  expect(answer.status, answer.text).toBe(202);
  return answer.body.id as string;
}

/** Waits for the outcome and reads the whole output; fails the test after `timeoutMs`. */
export async function finishRun(
  service: RunningService,
  id: string,
  timeoutMs = 55_000,
): Promise<FinishedRun> {
  const deadline = performance.now() + timeoutMs;
  let run = await service.api('GET', `/api/v1/runs/${id}`);
  while (run.status === 200 && UNFINISHED.has(run.body.status)) {
    const seconds = Math.min(60, Math.ceil((deadline - performance.now()) / 1000));
    if (seconds <= 0) break;
    run = await service.api('GET', `/api/v1/runs/${id}?wait=${seconds}`);
  }
  expect(run.status, run.text).toBe(200);
  if (UNFINISHED.has(run.body.status)) throw await unfinished(service, id, run.text);
  return { ...run.body, ...(await readOutput(service, id)) };
}

/** A run from its request to its outcome. */
export async function runToEnd(
  service: RunningService,
  body: Record<string, unknown>,
  timeoutMs?: number,
): Promise<FinishedRun> {
  return finishRun(service, await createRun(service, body), timeoutMs);
}

/** With all that can be known of a run that should be over. */
async function unfinished(service: RunningService, id: string, run: string): Promise<Error> {
  const told = [`still not over: ${run}`];
  for (const part of ['output?raw=true', 'egress', 'turns']) {
    const { text } = await service.api('GET', `/api/v1/runs/${id}/${part}`);
    told.push(`${part}: ${text.slice(-4000)}`);
  }
  return new Error([...told, service.logs().slice(-8000)].join('\n'));
}

async function readOutput(
  service: RunningService,
  id: string,
): Promise<{ stdout: string; stderr: string }> {
  const answer = await service.api('GET', `/api/v1/runs/${id}/output`, {
    headers: { accept: 'application/x-ndjson' },
  });
  const output = { stdout: '', stderr: '' };
  for (const line of answer.text.split('\n').filter((text) => text !== '')) {
    const piece = JSON.parse(line) as { stream: string; text: string };
    if (piece.stream === 'stdout' || piece.stream === 'stderr') output[piece.stream] += piece.text;
  }
  return output;
}
