import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { containersOf } from '../runs/leftovers.js';
import { sh, showRun, UNLIMITED, untilPrinted, untilStatus } from '../runs/run-questions.js';
import { engine, inside } from '../support/engine.js';
import { expectNoRemains } from '../support/remains.js';
import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';

const PATIENCE_MS = 120_000;
/** A name of this test's own for the world's image, which others need. */
const NAME = `risoluto-missing-${process.pid}`;
const REFERENCE = `${NAME}:latest`;

let service: RunningService;
let imageId = '';

beforeAll(async () => {
  imageId = (await engine().getImage('risoluto-sandbox').inspect()).Id;
  await bringBack();
  service = await startService({
    yaml: {
      ...UNLIMITED,
      runs: { maxConcurrent: 1 },
      codex: { sandbox: { image: REFERENCE } },
    },
  });
});
afterAll(async () => {
  await service?.stop();
  await takeAway().catch(() => undefined);
});

async function bringBack(): Promise<void> {
  await engine().getImage(imageId).tag({ repo: NAME, tag: 'latest' });
}

async function takeAway(): Promise<void> {
  await engine().getImage(REFERENCE).remove();
}

/** One that runs until `end`, so that what comes next waits behind it. */
async function running(issue: string): Promise<{ id: string; end: () => Promise<void> }> {
  const command = sh('echo up; until [ -e /tmp/go ]; do sleep 0.1; done; seq 3; exit 4');
  const id = await createRun(service, { issue, command });
  await untilPrinted(service, id, 'up');
  const [container = ''] = await containersOf(service, id);
  return { id, end: async () => void (await inside(container, 'touch /tmp/go')) };
}

async function expectNamed(id: string): Promise<void> {
  const { status, reason, message, phases } = await showRun(service, id);
  expect([status, reason, phases.runningAt]).toEqual(['failed', 'control_unavailable', null]);
  expect(message).toContain(`the engine has no image ${REFERENCE}`);
  expect(message).toContain('codex.sandbox.image');
  expect(message).toContain('npm run quickstart');
}

describe('a policy that is lowered while a run waits', () => {
  it(
    'keeps what asked for more from starting and says so, and no other',
    async () => {
      const busy = await running('LOWER-1');
      const memory = 512 * 1024 * 1024;
      const policy = { resources: { memory } };
      const wider = await createRun(service, { issue: 'LOWER-2', command: ['true'], policy });
      const other = await createRun(service, { issue: 'LOWER-3', command: ['true'] });
      const overlay = { codex: { sandbox: { resources: { memory: memory / 2 } } } };
      const put = await service.api('PUT', '/api/v1/config/overlay', { body: overlay });
      expect(put.status, put.text).toBe(200);
      await busy.end();
      const { reason, message, phases } = await untilStatus(service, wider, 'failed');
      expect([reason, phases.runningAt]).toEqual(['policy_widened', null]);
      expect(message).toContain('became narrower after the run was accepted');
      expect(message).toContain('policy.resources.memory');
      expect(await finishRun(service, other)).toMatchObject({ status: 'succeeded' });
      expect((await service.api('DELETE', '/api/v1/config/overlay')).status).toBe(200);
      await expectNoRemains(service);
    },
    PATIENCE_MS,
  );
});

describe('an image that is removed from the engine', () => {
  it(
    'leaves what runs alone, fails what begins with the remedy, and is used again when it is back',
    async () => {
      const before = await running('IMAGE-1');
      const queued = await createRun(service, { issue: 'IMAGE-2', command: ['touch', 'ran'] });
      await takeAway();
      await before.end();
      expect(await finishRun(service, before.id)).toMatchObject({
        status: 'failed',
        exitCode: 4,
        stdout: 'up\n1\n2\n3\n',
      });
      await untilStatus(service, queued, 'failed');
      await expectNamed(queued);

      // A service that starts without it says the same, and lives.
      await service.restart();
      const after = await createRun(service, { issue: 'IMAGE-2', command: ['touch', 'ran'] });
      await untilStatus(service, after, 'failed');
      await expectNamed(after);
      expect((await service.api('GET', '/readyz')).status).toBe(200);
      await expectNoRemains(service);

      const waits = await createRun(service, { issue: 'IMAGE-3', command: ['touch', 'ran'] });
      await untilStatus(service, waits, 'failed');
      await bringBack();
      // Of the commands that were refused, none ran.
      expect(await runToEnd(service, { issue: 'IMAGE-2', command: ['ls'] })).toMatchObject({
        status: 'succeeded',
        stdout: '',
      });
      await expectNoRemains(service);
    },
    PATIENCE_MS,
  );
});
