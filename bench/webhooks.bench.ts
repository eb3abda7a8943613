import { createHmac } from 'node:crypto';

import type { Benchmark } from './benchmark.js';
import { loadServer, moveToSecondCore, startServer, type LoadRequest } from './one-core.js';
import { startInProduction } from './production-service.js';

const SECRET = 'lin_wh_of_the_benchmark_8Kq2Zx7Wm4';
const PATH = '/webhooks/linear';

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
          measure: () => load(service.pid, service.url, 8000),
        },
        { name: 'bare Fastify: verified', measure: () => load(bare.pid, bare.firstLine, 25_000) },
      ],
      rounds: quick ? 2 : 11,
      warmUpRounds: quick ? 1 : 5,
    } as const;
    return {
      comparisons: [comparison],
      async dispose() {
        bare.child.kill();
        await running.stop();
      },
    };
  },
};

export default benchmark;
