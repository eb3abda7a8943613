import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { setSecret, sh, showRun, UNLIMITED, untilPrinted } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { expectNoRemains } from '../support/remains.js';
import { createRun, finishRun } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { expectLogLevel, storedValues } from '../support/stored.js';

const execute = promisify(execFile);
const PATIENCE_MS = 180_000;
/** Several looks at the fence long, and shorter than it may stay unseen. */
const SPENT_MS = 9000;
const MASTER_KEY = 'the key of a service without descriptors';
const OPEN = { turnSandboxPolicy: { type: 'workspaceWrite', networkAccess: true } };

let service: RunningService;
beforeAll(async () => {
  service = await startService({
    yaml: { ...UNLIMITED, runs: { maxConcurrent: 3 } },
    env: { MASTER_KEY },
  });
});
afterAll(() => service?.stop());

/** Takes what is free from the service; returns what gives it back what it had. */
async function spendDescriptors(): Promise<() => Promise<void>> {
  const limits = await readFile(`/proc/${service.pid}/limits`, 'utf8');
  const [, soft = '', hard = ''] = /^Max open files +(\d+) +(\d+)/m.exec(limits) ?? [];
  await spendFreed();
  return async () => void (await execute('prlimit', limit(`--nofile=${soft}:${hard}`)));
}

/** What it has closed since then counts as free again. */
async function spendFreed(): Promise<void> {
  const used = new Set((await readdir(`/proc/${service.pid}/fd`)).map(Number));
  let free = 0;
  while (used.has(free)) free += 1;
  await execute('prlimit', limit(`--nofile=${free}:`));
}

function limit(...words: string[]): string[] {
  return ['--pid', String(service.pid), ...words];
}

/** `closed` where the connection was; else the answer's status. */
async function tried(method: string, path: string, body?: unknown): Promise<number | 'closed'> {
  try {
    return (await service.api(method, path, { body, timeoutMs: 5000 })).status;
  } catch {
    return 'closed';
  }
}

/** A client whose connection was there before: it goes on being answered. */
class OldConnection {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  send(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
    const { hostname, port } = new URL(service.url);
    const headers = { 'content-type': 'application/json' };
    return new Promise((resolve, reject) => {
      const options = { hostname, port, method, path, headers, agent: this.#agent };
      const outgoing = request(options, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      });
      outgoing.on('error', reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

const SCRIPT = sh('echo up; until [ -e go ]; do sleep 0.1; done; seq 2000; exit 5');
const PRINTED = `up\n${Array.from({ length: 2000 }, (_, index) => `${index + 1}\n`).join('')}`;

function go(issue: string): Promise<void> {
  return writeFile(join(service.workspacesDir, issue, 'go'), '');
}

async function networkOf(id: string): Promise<string> {
  const { body } = await service.api('GET', `/api/v1/runs/${id}/sandbox`);
  return (body.dockerRun as string[]).find((word) => word.startsWith('--network')) ?? '';
}

describe('a service without a free descriptor', () => {
  it(
    'ends no run for it, takes what it can, and goes on by itself',
    async () => {
      await setSecret(service, 'KEPT', 'kept');
      const open = await createRun(service, { issue: 'FD-1', command: SCRIPT, policy: OPEN });
      const closed = await createRun(service, { issue: 'FD-2', command: SCRIPT });
      for (const id of [open, closed]) await untilPrinted(service, id, 'up');
      const old = new OldConnection();
      expect((await old.send('GET', '/healthz')).status).toBe(200);

      const giveBack = await spendDescriptors();
      const later: string[] = [];
      const seen: (number | 'closed')[] = [];
      const kept = new Set(['kept']);
      try {
        // A run ends and two come meanwhile, one of them with the network.
        await go('FD-2');
        for (const policy of [OPEN, {}]) {
          const body = { issue: `FD-${3 + later.length}`, command: ['echo', 'on'], policy };
          const answer = await old.send('POST', '/api/v1/runs', body);
          expect(answer.status, answer.text).toBe(202);
          later.push((JSON.parse(answer.text) as { id: string }).id);
        }
        const enough = performance.now() + SPENT_MS;
        while (performance.now() < enough) {
          await spendFreed();
          const value = `written ${seen.length}`;
          const put = await tried('PUT', '/api/v1/secrets/KEPT', { value });
          if (put === 204) kept.clear();
          // An answer that was cut off may have been of a change that was made.
          if (put === 204 || put === 'closed') kept.add(value);
          seen.push(await tried('GET', '/api/v1/runs'), put);
          await sleep(200);
        }
        // What it closes meanwhile it may use.
        expect(seen.filter((answer) => ![200, 204, 503, 'closed'].includes(answer))).toEqual([]);
        const refused = seen.filter((answer) => answer === 503 || answer === 'closed');
        expect(refused.length).toBeGreaterThan(seen.length / 2);
        for (const id of later) {
          const { text } = await old.send('GET', `/api/v1/runs/${id}`);
          expect(JSON.parse(text)).not.toMatchObject({ status: 'failed' });
        }
        const { text } = await old.send('GET', `/api/v1/runs/${open}`);
        expect(JSON.parse(text)).toMatchObject({ status: 'running' });
      } finally {
        await giveBack();
      }
      old.close();

      await until('an answer', async () => ((await tried('GET', '/readyz')) === 200 ? true : null));
      for (const id of later) {
        expect(await finishRun(service, id)).toMatchObject({ status: 'succeeded', stdout: 'on\n' });
        expect(await networkOf(id)).toBe(`--network=${service.network}`);
      }
      expect((await showRun(service, open)).status).toBe('running');
      await go('FD-1');
      for (const id of [open, closed]) {
        expect(await finishRun(service, id)).toMatchObject({ exitCode: 5, stdout: PRINTED });
      }
      await setSecret(service, 'AFTER', 'after');
      const stored = await storedValues(service.dataDir, MASTER_KEY);
      expect([...stored.keys()]).toEqual(['AFTER', 'KEPT']);
      expect([...kept]).toContain(stored.get('KEPT'));
      const { body } = await service.api('GET', '/api/v1/audit/verify?full=true');
      expect(body).toEqual({ ok: true, checked: expect.any(Number), firstBroken: null });
      await expectLogLevel(service.dataDir);
      await expectNoRemains(service);
    },
    PATIENCE_MS,
  );
});
