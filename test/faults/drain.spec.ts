import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { EngineProxy } from '../runs/engine-proxy.js';
import { containersOf } from '../runs/leftovers.js';
import { allEvents, followEvents } from '../runs/run-output.js';
import {
  cancelRun,
  sh,
  showRun,
  UNLIMITED,
  untilPrinted,
  untilStatus,
} from '../runs/run-questions.js';
import { createRun, finishRun } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { lockDatabase } from './database-lock.js';

const PATIENCE_MS = 180_000;
const FOLLOWERS = 100;
const HUNG = 50;
const LIMIT_MS = 10_000;

let proxy: EngineProxy;
let service: RunningService;
const sockets: Socket[] = [];

beforeAll(async () => {
  proxy = await EngineProxy.start();
  service = await startService({
    env: { DOCKER_HOST: proxy.dockerHost },
    yaml: { ...UNLIMITED, runs: { maxConcurrent: 3 } },
  });
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await proxy?.open();
  await service?.stop();
  await proxy?.stop();
});

/** Connections that have sent so much, and then say and read nothing more. */
function hang(text: string): void {
  const { port } = new URL(service.url);
  for (let count = 0; count < HUNG; count += 1) {
    const socket = connect({ port: Number(port), host: '127.0.0.1' });
    socket.on('error', () => undefined);
    socket.write(text);
    socket.pause();
    sockets.push(socket);
  }
}

async function stopInTime(): Promise<void> {
  const asked = performance.now();
  const exit = await service.terminate('SIGTERM');
  expect(performance.now() - asked).toBeLessThan(LIMIT_MS);
  expect(exit).toMatchObject({ signal: null, forced: false });
}

describe('SIGTERM', () => {
  it(
    'ends the service within 10 s with a crowd of followers, hung clients and an engine that hangs',
    async () => {
      const id = await createRun(service, { issue: 'DRAIN-1', command: sh('echo up; sleep 120') });
      await untilPrinted(service, id, 'up');
      const followers = await Promise.all(
        Array.from({ length: FOLLOWERS }, () => followEvents(service, id)),
      );
      const events = Promise.all(followers.map((response) => allEvents(response)));
      const waiting = service.api('GET', `/api/v1/runs/${id}?wait=60`).catch(() => null);
      hang('');
      hang('POST /api/v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{');
      hang(`GET /api/v1/runs/${id}/output?follow=true HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
      proxy.hang();
      const next = await createRun(service, {
        issue: 'DRAIN-2',
        command: sh('echo on >>f; cat f'),
      });
      await untilStatus(service, next, 'preparing');
      const last = await createRun(service, { issue: 'DRAIN-2', command: ['cat', 'f'] });
      await sleep(500);

      await stopInTime();
      for (const seen of await events) expect(seen.at(-1)?.event).toBe('stopping');
      await waiting;
      await proxy.open();
      await service.start();
      expect((await showRun(service, id)).status).toBe('running');
      expect(await finishRun(service, next)).toMatchObject({ stdout: 'on\n' });
      expect(await finishRun(service, last)).toMatchObject({ stdout: 'on\n' });
      await cancelRun(service, id);
      expect(await finishRun(service, id)).toMatchObject({ status: 'cancelled' });
      expect(await containersOf(service)).toEqual([]);
    },
    PATIENCE_MS,
  );

  it(
    'does so while another process has the database, too',
    async () => {
      const id = await createRun(service, { issue: 'DRAIN-3', command: sh('echo up; sleep 120') });
      await untilPrinted(service, id, 'up');
      // Hangs in the middle of a run's start, so that there is somebody to wait for until the last.
      proxy.hang();
      const next = await createRun(service, { issue: 'DRAIN-4', command: ['echo', 'on'] });
      await untilStatus(service, next, 'preparing');
      const free = await lockDatabase(`${service.dataDir}/risoluto.db`);
      const stopped = new AbortController();
      const answers: Promise<number>[] = [];
      const change = () =>
        service
          .api('PUT', `/api/v1/secrets/LATE_${answers.length}`, { body: { value: 'x' } })
          .then(({ status }) => status)
          .catch(() => 0);
      // Some wait already, and more come for as long as anybody listens.
      const drip = (async () => {
        for (let n = 0; n < 200; n += 1) answers.push(change());
        while (!stopped.signal.aborted) {
          answers.push(change());
          await sleep(100);
        }
      })();
      try {
        await sleep(500);
        await stopInTime();
        stopped.abort();
        await drip;
        expect((await Promise.all(answers)).filter((status) => status === 204)).toEqual([]);
      } finally {
        stopped.abort();
        await free();
        await proxy.open();
      }
      await service.start();
      expect((await service.api('GET', '/api/v1/secrets')).body.keys).toEqual([]);
      expect((await showRun(service, id)).status).toBe('running');
      expect(await finishRun(service, next)).toMatchObject({ stdout: 'on\n' });
      await cancelRun(service, id);
      expect(await finishRun(service, id)).toMatchObject({ status: 'cancelled' });
    },
    PATIENCE_MS,
  );
});
