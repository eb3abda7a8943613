import { expect } from 'vitest';

import { engine } from '../support/engine.js';
import type { ApiAnswer } from '../support/http.js';
import { runToEnd } from '../support/runs.js';
import type { RunningService } from '../support/service.js';
import { until } from './until.js';

export const IDENTITY =
  'git config user.name Agent; git config user.email agent@example.org; git config gc.auto 0;';

/** A run whose script has to end well; answers its id. */
export async function worked(
  service: RunningService,
  issue: string,
  script: string,
  more: Record<string, unknown> = {},
): Promise<string> {
  const command = ['sh', '-ec', `cd /workspace\n${script}`];
  const run = await runToEnd(service, { issue, command, ...more });
  expect(run, run.stdout + run.stderr).toMatchObject({ status: 'succeeded' });
  return run.id;
}

export function askDiff(service: RunningService, id: string): Promise<ApiAnswer> {
  return service.api('GET', `/api/v1/runs/${id}/diff`);
}

/** The patch of a run's diff, which has to be there. */
export async function diffOf(service: RunningService, id: string): Promise<string> {
  const answer = await askDiff(service, id);
  expect(answer.status, answer.text).toBe(200);
  expect(answer.headers['content-type']).toBe('text/x-diff');
  return answer.text;
}

/** Status, code and message of an answer that has to be an error. */
export async function refusalOf(service: RunningService, id: string): Promise<string> {
  const { status, body } = await askDiff(service, id);
  const { code = '', message = '' } = (body as { error?: Record<string, string> }).error ?? {};
  return `${status} ${code}: ${message}`;
}

/** The files that a patch is of, by its `diff --git` lines. */
export function filesIn(patch: string): string[] {
  return [...patch.matchAll(/^diff --git (?:"a\/.*" "b\/(.*)"|a\/.* b\/(.*))$/gm)].map(
    ([, quoted, plain]) => quoted ?? plain ?? '',
  );
}

/** Of the helper that computes a diff just now, or will in a moment. */
export function runtimeOfDiff(): Promise<string> {
  return until('a helper for a diff', async () => {
    const filters = { label: ['risoluto.helper=run-diff'] };
    const [found] = await engine().listContainers({ all: true, filters });
    if (found === undefined) return null;
    const { HostConfig } = await engine().getContainer(found.Id).inspect();
    return HostConfig.Runtime ?? '';
  });
}

/** How many helpers for diffs the engine made while `work` was done. */
export async function helpersDuring(work: () => Promise<unknown>): Promise<number> {
  const since = Date.now() / 1000;
  await work();
  const until = Date.now() / 1000;
  const filters = JSON.stringify({ event: ['create'], label: ['risoluto.helper=run-diff'] });
  const events = await engine().getEvents({ since, until, filters });
  let text = '';
  for await (const chunk of events) text += String(chunk);
  return text.split('\n').filter((line) => line.includes('"create"')).length;
}
