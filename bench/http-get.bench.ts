import type { Benchmark } from './benchmark.js';
import { loadServer, moveToSecondCore, startServer } from './one-core.js';
import { startInProduction } from './production-service.js';

const PATH = '/api/v1/runtime';

const benchmark: Benchmark = {
  question: 'What do guard, limit, request id, metrics and access log leave of a bare GET?',

  async prepare({ quick }) {
    moveToSecondCore();
    const running = await startInProduction();
    const { service } = running;
    const { text } = await service.api('GET', PATH);
    const bare = await startServer('bare-fastify.mjs', { BODY: text, ROUTE: PATH });
    const seconds = quick ? 1 : 2;
    const comparison = {
      name: `GET ${PATH}`,
      measures: [
        { unit: 'requests/s', better: 'higher', target: 0.5 },
        { unit: 'CPU µs/request', better: 'lower', target: 2 },
      ],
      contenders: [
        {
          name: 'the service',
          measure: () => loadServer(service.pid, { url: service.url + PATH, seconds }),
        },
        {
          name: 'bare Fastify',
          measure: () => loadServer(bare.pid, { url: bare.firstLine + PATH, seconds }),
        },
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
