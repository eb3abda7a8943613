import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

import sqlite3 from 'sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createRun } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';

let service: RunningService;

beforeAll(async () => {
  service = await startService({
    yaml: { rateLimits: { api: { limit: 100_000 } }, runs: { maxConcurrent: 1 } },
  });
});

afterAll(() => service.stop());

async function openOutputs(): Promise<number> {
  const directory = `/proc/${service.pid}/fd`;
  const links = (await readdir(directory)).map((fd) =>
    readlink(join(directory, fd)).catch(() => ''),
  );
  return (await Promise.all(links)).filter((link) => link.includes('/output/')).length;
}

describe('who asks for the output of a run that goes on', () => {
  it('with HEAD leaves nothing open; with GET, as long as it reads', async () => {
    const id = await createRun(service, {
      issue: 'HEAD-1',
      command: ['sh', '-c', 'echo a; sleep 60'],
    });
    const path = `/api/v1/runs/${id}/output?follow=true`;
    const output = async () => (await service.api('GET', `/api/v1/runs/${id}/output`)).text;
    await expect.poll(output, { timeout: 30_000 }).toContain('"text":"a');
    const alone = await openOutputs();
    for (let count = 0; count < 20; count += 1) {
      const { status, text } = await service.api('HEAD', path);
      expect([status, text]).toEqual([200, '']);
    }
    expect(await openOutputs()).toBe(alone);
    const stream = await service.stream(path);
    await expect.poll(openOutputs).toBe(alone + 1);
    stream.destroy();
    await expect.poll(openOutputs, { timeout: 20_000 }).toBe(alone);
    await service.api('POST', `/api/v1/runs/${id}/cancel`);
  });
});

describe('who cancels a run that was put back into the queue', () => {
  it('is not told that it is cancelled while it waits on', async () => {
    const first = await createRun(service, { issue: 'BACK-1', command: ['sleep', '60'] });
    const waiting = await createRun(service, { issue: 'BACK-1', command: ['true'] });
    await write(`UPDATE runs SET cancel_requested_at = 1 WHERE id = '${waiting}'`);
    const answer = await service.api('POST', `/api/v1/runs/${waiting}/cancel`);
    expect([answer.status, answer.body.status]).toEqual([202, 'cancelled']);
    await service.api('POST', `/api/v1/runs/${first}/cancel`);
  });
});

/** As an earlier attempt left it. */
function write(sql: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(join(service.dataDir, 'risoluto.db'));
    database.configure('busyTimeout', 5000);
    database.run(sql, (error) => {
      database.close();
      if (error) reject(error);
      else resolve();
    });
  });
}
