import { Histogram, Registry } from 'prom-client';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Metrics } from './metrics.js';

const NAME = 'risoluto_http_request_duration_seconds';
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

const sorted = (text: string): string[] => text.split('\n').toSorted();

describe('answers, as Prometheus reads them', () => {
  it('are what a histogram of the library would have said, for any answers', async () => {
    const answer = fc.record({
      method: fc.constantFrom('GET', 'PUT'),
      route: fc.constantFrom('/a', '/b/:id', 'unmatched'),
      seconds: fc.oneof(
        fc.constantFrom(...BOUNDS, 0),
        fc.double({ min: 0, max: 100, noNaN: true }),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(answer, { maxLength: 60 }), async (all) => {
        const metrics = new Metrics();
        const registry = new Registry();
        const plain = new Histogram({
          name: NAME,
          help: 'Time from the request to the end of its answer',
          labelNames: ['method', 'route'],
          buckets: BOUNDS,
          registers: [registry],
        });
        for (const { method, route, seconds } of all) {
          metrics.answers.record(method, route, 200, seconds);
          plain.observe({ method, route }, seconds);
        }
        const ours = await metrics.registry.getSingleMetricAsString(NAME);
        expect(sorted(ours)).toEqual(sorted(await registry.getSingleMetricAsString(NAME)));
      }),
      { numRuns: 50 },
    );
  });

  it('are counted by status, and the same each time that somebody asks', async () => {
    const metrics = new Metrics();
    for (const status of [200, 200, 404]) metrics.answers.record('GET', '/a', status, 0.1);
    const read = () => metrics.registry.getSingleMetricAsString('risoluto_http_requests_total');
    const first = await read();
    expect(first).toContain('{method="GET",route="/a",status="200"} 2');
    expect(first).toContain('{method="GET",route="/a",status="404"} 1');
    expect(await read()).toBe(first);
  });
});
