import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import autocannon from 'autocannon';

import type { RunningService } from '../test/support/service.js';
import type { Benchmark } from './benchmark.js';
import { loadServer, moveToSecondCore, startServer, type LoadRequest } from './one-core.js';
import { startInProduction } from './production-service.js';

const SECRET = 'lin_wh_of_the_benchmark_8Kq2Zx7Wm4';
const PATH = '/webhooks/linear';
/** 600 a minute. */
const A_SECOND = 10;
const PROMISED_MS = 100;

interface Signed {
  readonly body: string;
  readonly headers: Record<string, string>;
}

let made = 0;

/** An update of one of a thousand issues, of the size that Linear sends. */
function signed(): Signed {
  made += 1;
  const number = made % 1000;
  const body = JSON.stringify({
    type: 'Issue',
    action: 'update',
    createdAt: new Date(Date.now()).toISOString(),
    data: {
      id: `1a2b3c4d-0000-4000-8000-${String(number).padStart(12, '0')}`,
      identifier: `MT-${number}`,
      title: 'The build fails on a machine without a network',
      description: 'It says that it cannot resolve the name. '.repeat(20),
      state: { id: 'state-2', name: 'In Progress', type: 'started' },
      labels: [{ id: 'label-1', name: 'agent' }],
      team: { id: 'team-1', key: 'MT', name: 'Machines' },
    },
    webhookTimestamp: Date.now(),
    webhookId: `webhook-${made}`,
  });
  const signature = createHmac('sha256', SECRET).update(body).digest('hex');
  return { body, headers: { 'linear-signature': signature, 'linear-delivery': `bench-${made}` } };
}

/** Each once; those that were signed before the load began cost its callers nothing. */
function deliveries(count: number): LoadRequest {
  const ready = Array.from({ length: count }, signed);
  const next = () => ready.pop() ?? signed();
  return { method: 'POST', path: PATH, body: '', next };
}

/** The 99th hundredth of the answers’ times, in milliseconds. */
async function slowestOf(url: string, seconds: number): Promise<number> {
  const [method, path] = ['POST', PATH];
  const setupRequest = () => ({ method, path, ...jsonOf(signed()) });
  const result = await autocannon({
    url,
    connections: 4,
    overallRate: A_SECOND,
    duration: seconds,
    requests: [{ method, path, setupRequest }],
  });
  if (result.errors + result.timeouts + result.non2xx > 0) throw new Error(`${url}: not all taken`);
  return result.latency.p99;
}

function jsonOf({ body, headers }: Signed): Signed {
  return { body, headers: { 'content-type': 'application/json', ...headers } };
}

/**
 * Until everything that was taken is handled: else that would be done on the core, and in the time, of
 * whoever is measured next.
 */
async function allHandled(service: RunningService): Promise<void> {
  for (;;) {
    const { body } = await service.api('GET', '/api/v1/webhooks/deliveries?status=pending&limit=1');
    if ((body as { items: unknown[] }).items.length === 0) return;
    await sleep(100);
  }
}

/** Takes connections, and says nothing on them. */
async function startSilentEngine(): Promise<{ socket: string; close: () => void }> {
  const directory = mkdtempSync(join(tmpdir(), 'risoluto-bench-'));
  const socket = join(directory, 'engine.sock');
  const open = new Set<Socket>();
  const server = createServer((one) => void open.add(one)).listen(socket);
  await once(server, 'listening');
  return {
    socket,
    close() {
      server.close();
      for (const one of open) one.destroy();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const benchmark: Benchmark = {
  question: 'What does it cost to keep a delivery before it is acknowledged?',

  async prepare({ quick }) {
    moveToSecondCore();
    const running = await startInProduction(undefined, { RISOLUTO_LINEAR_WEBHOOK_SECRET: SECRET });
    const { service } = running;
    const bare = await startServer('bare-hmac.mjs', { SECRET });
    const seconds = quick ? 1 : 2;
    const load = (pid: number, url: string, most: number) =>
      loadServer(pid, { url, seconds, requests: [deliveries(most * seconds)] });
    const comparison = {
      name: 'signed deliveries, 32 callers',
      measures: [
        { unit: 'deliveries/s', better: 'higher', target: 0.3 },
        { unit: 'CPU µs/delivery', better: 'lower', target: null },
      ],
      contenders: [
        {
          name: 'the service: verified, new, durable, audited',
          async measure() {
            const measured = await load(service.pid, service.url, 8000);
            await allHandled(service);
            return measured;
          },
        },
        { name: 'bare Fastify: verified', measure: () => load(bare.pid, bare.firstLine, 25_000) },
      ],
      rounds: quick ? 2 : 11,
      warmUpRounds: quick ? 1 : 5,
    } as const;
    const silent = await startSilentEngine();
    const hung = await startInProduction(undefined, {
      RISOLUTO_LINEAR_WEBHOOK_SECRET: SECRET,
      DOCKER_HOST: `unix://${silent.socket}`,
    });
    const patience = {
      name: '10 a second, as many as the rate limit allows, with an engine that never answers',
      measures: [{ unit: 'p99 ms', better: 'lower', target: 1 }],
      contenders: [
        {
          name: 'the service',
          measure: async () => [await slowestOf(hung.service.url, quick ? 2 : 20)],
        },
        { name: 'what is promised', measure: () => Promise.resolve([PROMISED_MS]) },
      ],
      rounds: quick ? 1 : 5,
      warmUpRounds: quick ? 0 : 1,
    } as const;
    return {
      comparisons: [comparison, patience],
      async dispose() {
        bare.child.kill();
        await Promise.all([running.stop(), hung.stop()]);
        silent.close();
      },
    };
  },
};

export default benchmark;
