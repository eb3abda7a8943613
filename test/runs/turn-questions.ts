import { expect } from 'vitest';

import { createRun } from '../support/runs.js';
import type { ApiAnswer } from '../support/http.js';
import type { RunningService } from '../support/service.js';
import { outputOf } from './run-output.js';
import type { Run } from './run-questions.js';

export interface Turn {
  number: number;
  status: string;
  exitCode: number | null;
  reason: string | null;
  env: string[];
  secrets: Record<string, string>;
  command: string[];
  compaction: boolean;
  turnSandboxPolicy: object | null;
}

/** The run as soon as it has finished or waits for its next turn. */
export async function awaitRun(service: RunningService, id: string): Promise<Run> {
  const answer = await service.api('GET', `/api/v1/runs/${id}?wait=60`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body as Run;
}

/** Starts a kept-alive run and waits for the end of its first turn. */
export async function keptRun(
  service: RunningService,
  body: Record<string, unknown>,
): Promise<string> {
  const id = await createRun(service, { keepAlive: true, ...body });
  const run = await awaitRun(service, id);
  expect(run, JSON.stringify(run)).toMatchObject({ status: 'idle', keepAlive: true, turn: 1 });
  return id;
}

export function askTurn(
  service: RunningService,
  id: string,
  body: Record<string, unknown>,
): Promise<ApiAnswer> {
  return service.api('POST', `/api/v1/runs/${id}/turns`, { body });
}

/** A turn that was asked for, once it is over. */
export async function awaitTurn(service: RunningService, asked: ApiAnswer): Promise<Turn> {
  expect(asked.status, asked.text).toBe(202);
  const answer = await service.api('GET', `${asked.headers.location}?wait=60`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body as Turn;
}

/** A turn from its request to its end, with what it printed. */
export async function turnToEnd(
  service: RunningService,
  id: string,
  body: Record<string, unknown>,
): Promise<Turn & { stdout: string; stderr: string }> {
  const turn = await awaitTurn(service, await askTurn(service, id, body));
  const [stdout, stderr] = await Promise.all([
    printedBy(service, id, turn.number, 'stdout'),
    printedBy(service, id, turn.number, 'stderr'),
  ]);
  return { ...turn, stdout, stderr };
}

export async function turnsOf(service: RunningService, id: string): Promise<Turn[]> {
  const answer = await service.api('GET', `/api/v1/runs/${id}/turns`);
  expect(answer.status, answer.text).toBe(200);
  expect(answer.body.nextCursor).toBeNull();
  return answer.body.items as Turn[];
}

export async function printedBy(
  service: RunningService,
  id: string,
  turn: number,
  stream: 'stdout' | 'stderr',
): Promise<string> {
  const lines = await outputOf(service, id);
  return lines
    .filter((line) => line.turn === turn && line.stream === stream)
    .map(({ text }) => text)
    .join('');
}
