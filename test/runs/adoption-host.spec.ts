import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { engine, inside } from '../support/engine.js';
import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { world } from '../support/world.js';
import { startEngine, stopEngine } from '../support/world-engine.js';
import { containersOf, runFiles } from './leftovers.js';
import { outputOf } from './run-output.js';
import { cancelRun, sh, showRun, UNLIMITED, untilPrinted } from './run-questions.js';
import { until } from './until.js';

const PATIENCE_MS = 240_000;
const PUBLIC = '93.184.216.34';
const OPEN = { turnSandboxPolicy: { type: 'workspaceWrite', networkAccess: true } };

let service: RunningService;
beforeAll(async () => {
  service = await startService({
    yaml: { ...UNLIMITED, runs: { maxConcurrent: 4, outputLimit: '64k' } },
  });
});
afterAll(() => service?.stop());

async function fence(): Promise<string> {
  const instance = (await readFile(join(service.dataDir, 'instance-id'), 'utf8')).trim();
  const argv = ['list', 'table', 'inet', `risoluto_${instance}`];
  return (await promisify(execFile)('nft', argv)).stdout;
}

async function addressOf(container: string): Promise<string> {
  const { NetworkSettings } = await engine().getContainer(container).inspect();
  return Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? '';
}

async function printedBy(id: string, stream = 'stdout'): Promise<string> {
  const lines = await outputOf(service, id);
  return lines
    .filter((line) => line.stream === stream)
    .map(({ text }) => text)
    .join('');
}

async function nothingIsLeft(): Promise<void> {
  expect(await containersOf(service)).toEqual([]);
  expect(await runFiles(service)).toEqual([]);
}

describe('the network of an adopted run', () => {
  it(
    'is what it was, connections included, for it alone, and closes with it',
    async () => {
      const request = "printf 'GET /drip HTTP/1.1\\r\\n\\r\\n' >&3";
      const drip = ['bash', '-c', `exec 3<>/dev/tcp/${PUBLIC}/80; ${request}; cat <&3`];
      const asks = `timeout 2 bash -c 'exec 3<>/dev/tcp/${PUBLIC}/80' 2>/dev/null`;
      const ask = sh(`while :; do ${asks} && echo yes || echo no; sleep 0.3; done`);
      const dripping = await createRun(service, { issue: 'NET-1', command: drip, policy: OPEN });
      const asking = await createRun(service, { issue: 'NET-2', command: ask, policy: OPEN });
      const closed = await createRun(service, { issue: 'NET-3', command: ask });
      await untilPrinted(service, dripping, 'world');
      await untilPrinted(service, asking, 'yes');
      await untilPrinted(service, closed, 'no');
      const [container = ''] = await containersOf(service, asking);
      const address = await addressOf(container);
      expect(await fence()).toContain(address);

      for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
        await service.restart(signal);
        const before = { drip: await printedBy(dripping), ask: await printedBy(asking) };
        await until('the connection to go on', async () => {
          const more = (await printedBy(dripping)).slice(before.drip.length);
          return more.includes('world') ? true : null;
        });
        await until('new connections to be made', async () => {
          const more = (await printedBy(asking)).slice(before.ask.length);
          return more.split('yes').length > 4 ? true : null;
        });
      }
      expect(await fence()).toContain(address);
      // A new run gets an address of its own.
      const other = await createRun(service, { issue: 'NET-4', command: sh('echo up; sleep 60') });
      await untilPrinted(service, other, 'up');
      const [newcomer = ''] = await containersOf(service, other);
      expect(await addressOf(newcomer)).not.toBe(address);
      for (const id of [dripping, asking, closed, other]) {
        await cancelRun(service, id);
        expect((await finishRun(service, id)).status).toBe('cancelled');
      }
      expect(await printedBy(asking)).not.toContain('no');
      expect(await printedBy(closed)).not.toContain('yes');
      expect(await fence()).not.toContain(address);
      await world.clear();
      await runToEnd(service, { issue: 'NET-2', command: sh(`${asks}; :`) });
      const arrived = (await world.arrivals()).map(({ to }) => to);
      expect(arrived).not.toContain(PUBLIC);
      await nothingIsLeft();
    },
    PATIENCE_MS,
  );
});

describe('a flood while the service is away', () => {
  it(
    'that the engine’s log could not keep leaves a mark, and what it kept is shown once',
    async () => {
      const id = await createRun(service, {
        issue: 'FLOOD-1',
        command: sh(
          'echo up; until [ -e /tmp/go ]; do sleep 0.1; done; ' +
            "head -c 200000000 /dev/zero | tr '\\0' x | fold -w 4000; echo; echo end; sleep 1; exit 5",
        ),
      });
      await untilPrinted(service, id, 'up');
      const [container = ''] = await containersOf(service, id);
      await service.kill9();
      await inside(container, 'touch /tmp/go');
      await until(
        'the flood to end',
        async () =>
          (await engine().getContainer(container).inspect()).State.Running ? null : true,
        90_000,
      );
      await service.start();
      expect(await finishRun(service, id)).toMatchObject({ status: 'failed', exitCode: 5 });
      const lines = await outputOf(service, id);
      expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1));
      expect(lines[0]).toMatchObject({ stream: 'stdout', text: 'up\n' });
      expect(lines[1]).toMatchObject({ stream: 'system', text: expect.stringMatching(/missing/) });
      expect((await printedBy(id)).length).toBe(64 * 1024);
      expect(await printedBy(id, 'system')).toMatch(/missing.*\n.*output limit/);
    },
    PATIENCE_MS,
  );
});

describe('an engine that is killed together with the service', () => {
  it(
    'makes what it ends lost, and leaves true what ended before by itself',
    async () => {
      const command = sh('echo up; sleep 300');
      const ids: string[] = [];
      for (const issue of ['BOTH-1', 'BOTH-2']) {
        ids.push(await createRun(service, { issue, command }));
      }
      const own = await createRun(service, {
        issue: 'BOTH-3',
        command: sh('echo up; sleep 4; exit 9'),
      });
      await Promise.all([...ids, own].map((id) => untilPrinted(service, id, 'up')));
      await service.kill9();
      await sleep(5000);
      await stopEngine('SIGKILL');
      // The service comes first, and waits for the engine.
      await service.start();
      expect((await showRun(service, own)).status).toBe('running');
      await startEngine();
      expect(await finishRun(service, own)).toMatchObject({ status: 'failed', exitCode: 9 });
      for (const id of ids) {
        expect(await finishRun(service, id)).toMatchObject({
          status: 'lost',
          reason: 'engine_restarted',
          stdout: 'up\n',
        });
      }
      await nothingIsLeft();
    },
    PATIENCE_MS,
  );
});
