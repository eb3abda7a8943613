import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import { containersOf } from '../runs/leftovers.js';
import { sh, showRun, UNLIMITED, untilPrinted } from '../runs/run-questions.js';
import { expectNoRemains, remainsOf } from '../support/remains.js';
import { createRun, finishRun } from '../support/runs.js';
import { startRefused, startService, type RunningService } from '../support/service.js';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

const OPEN = { turnSandboxPolicy: { type: 'workspaceWrite', networkAccess: true } };
const SCRIPT = sh('echo up; until [ -e go ]; do sleep 0.1; done; seq 500; exit 7');
const PRINTED = `up\n${Array.from({ length: 500 }, (_, index) => `${index + 1}\n`).join('')}`;

/** One engine, and two services that know nothing of each other; each with a run that goes on. */
let first: RunningService;
let second: RunningService;
const runs = new Map<RunningService, string>();

beforeAll(async () => {
  first = await startService({ yaml: { ...UNLIMITED } });
  second = await startService({ yaml: { ...UNLIMITED } });
  for (const service of [first, second]) {
    const id = await createRun(service, { issue: 'NB-1', command: SCRIPT, policy: OPEN });
    await untilPrinted(service, id, 'up');
    runs.set(service, id);
  }
});
afterAll(async () => {
  await first?.stop();
  await second?.stop();
});

async function tableOf(service: RunningService): Promise<string> {
  const instance = (await readFile(join(service.dataDir, 'instance-id'), 'utf8')).trim();
  const { stdout } = await promisify(execFile)('nft', [
    '-s',
    'list',
    'table',
    'inet',
    `risoluto_${instance}`,
  ]);
  // What is left of a grant's time goes on.
  return stdout.replaceAll(/ expires \w+/g, '');
}

/** The sandbox of its run; helpers that measure its disk come and go beside it. */
const sandboxesOf = (service: RunningService) => containersOf(service, runs.get(service));

/** All that the service has on the engine and in the kernel. */
async function holdings(service: RunningService): Promise<unknown> {
  const run = await showRun(service, runs.get(service) ?? '');
  return [await sandboxesOf(service), await tableOf(service), run, await remainsOf(service)];
}

it('a service does not start on the network of another, and says what to set', async () => {
  const before = await holdings(first);
  const yaml = { codex: { sandbox: { network: first.network } } };
  const { code, logs } = await startRefused({ yaml });
  expect(code).toBe(1);
  expect(logs.split('\n').filter((line) => line.startsWith('risoluto: '))).toEqual([
    expect.stringMatching(
      new RegExp(`codex\\.sandbox\\.network.*${first.network}.*belongs to another Risoluto`),
    ),
  ]);
  expect(await holdings(first)).toEqual(before);
});

it.each([
  ['first', () => [first, second] as const],
  ['second', () => [second, first] as const],
])('the %s is killed and starts again beside the other, and each keeps its own', async (_, who) => {
  const [killed, other] = who();
  const [before, others] = [await sandboxesOf(killed), await holdings(other)];
  await killed.kill9();
  expect(await holdings(other)).toEqual(others);
  await killed.start();
  expect(await sandboxesOf(killed)).toEqual(before);
  expect(await holdings(other)).toEqual(others);
});

it('both runs end truly, with all that they printed, and nothing is left', async () => {
  for (const [service, id] of runs) {
    await writeFile(join(service.workspacesDir, 'NB-1', 'go'), '');
    expect(await finishRun(service, id)).toMatchObject({ exitCode: 7, stdout: PRINTED });
  }
  for (const service of [first, second]) await expectNoRemains(service);
});
