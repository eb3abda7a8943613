import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { residentBytes } from '../support/memory.js';
import { createRun, finishRun } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { sh, UNLIMITED, untilPrinted } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { expectHealthy, Prober } from './prober.js';

const MiB = 1024 * 1024;
const LAZY = 120;
const FORMATS = ['application/x-ndjson', 'text/event-stream', 'text/plain'];
/** More than the buffers of two kernels and of the service hold for one reader. */
const PRINTED = 16 * MiB;
/** `STALL_MS`, the longest that a reader is waited for, and some for a loaded machine. */
const CUT_MS = 30_000 + 45_000;

let service: RunningService;
let prober: Prober;

beforeAll(async () => {
  service = await startService({ yaml: { ...UNLIMITED, runs: { maxConcurrent: 2 } } });
  prober = new Prober(service);
});

afterAll(async () => {
  await prober?.stop();
  await service?.stop();
});

async function connections(): Promise<number> {
  const port = Number(new URL(service.url).port).toString(16).toUpperCase().padStart(4, '0');
  const table = await readFile(`/proc/${service.pid}/net/tcp`, 'utf8');
  // State 01: established; the service's end of it.
  return [...table.matchAll(new RegExp(`: 0100007F:${port} \\S+ 01 `, 'g'))].length;
}

async function readAll(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}

describe(`${LAZY} readers that do not read`, () => {
  it('are cut, cost bounded memory, and are noticed by no other', async () => {
    const line = '0123456789abcdef'.repeat(8);
    const id = await createRun(service, {
      issue: 'LAZY-1',
      command: sh(
        `echo begin; sleep 5; yes ${line} | head -c ${PRINTED}; sleep 1; echo; echo done`,
      ),
    });
    await untilPrinted(service, id, 'begin');
    const before = await residentBytes(service.pid);
    const lazy = await Promise.all(
      Array.from({ length: LAZY }, (_none, index) =>
        service.stream(`/api/v1/runs/${id}/output?follow=true`, {
          headers: { accept: FORMATS[index % 3] ?? '' },
          timeoutMs: 600_000,
        }),
      ),
    );
    for (const response of lazy) response.on('error', () => undefined).pause();
    expect(await connections()).toBeGreaterThanOrEqual(LAZY);
    const keen = await service.stream(`/api/v1/runs/${id}/output?follow=true`, {
      headers: { accept: 'text/plain' },
    });
    const began = performance.now();
    const text = await readAll(keen);
    const run = await finishRun(service, id, 120_000);
    expect(run.status).toBe('succeeded');
    expect(text).toBe(run.stdout);
    expect(text.length).toBeGreaterThan(PRINTED);
    const held = (await residentBytes(service.pid)) - before;
    console.log(
      `${LAZY} readers of ${PRINTED / MiB} MiB: ${Math.round(held / MiB)} MiB held, the keen one ` +
        `had all after ${Math.round(performance.now() - began)} ms`,
    );
    expect(held).toBeLessThan(300 * MiB);

    const alone = async () => ((await connections()) < LAZY / 4 ? true : null);
    await until('those who do not read to be cut', alone, CUT_MS);
    console.log(`cut ${Math.round(performance.now() - began)} ms after the output began`);
    for (const response of lazy) response.destroy();
    await expectHealthy(prober, 'lazy readers');
  }, 400_000);
});
