import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect } from 'vitest';

import { itAlike } from '../support/long-form.js';
import { expectNoRemains } from '../support/remains.js';
import type { RunningService } from '../support/service.js';
import { world } from '../support/world.js';
import type { Probe } from './probed.js';
import { RUNTIMES, Sandbox, startFiltered } from './sandboxes.js';

const MIB = 1024 * 1024;
/** gVisor’s own network stack is several times slower. */
const LARGE = { runc: 1024 * MIB, runsc: 128 * MIB };
const CROWD = 1000;
/** The gateway gives a head ten seconds: to see all of them end once is enough. */
const STALLED_SECONDS = { runc: 13, runsc: 5 };

const bash = (script: string, seconds = 50): Probe => ({ do: 'bash', script, seconds });

interface Crowd {
  echoed: number;
  /** Their statuses; 0 where the connection was closed without a word. */
  refused: number[];
}

describe.each(RUNTIMES)('traffic through the gateway, %s', (runtime) => {
  const alike = itAlike(runtime);
  let service: RunningService;
  let sandbox: Sandbox;
  let neighbour: Sandbox;

  beforeAll(async () => {
    service = await startFiltered({
      runtime,
      sandbox: {
        egressAllowlist: ['allowed.test', 'echo.test:7'],
        egressLimits: { connections: CROWD, newConnectionsPerSecond: 20_000 },
      },
    });
    [sandbox, neighbour] = await Promise.all([
      Sandbox.start(service, 'TRAFFIC-1'),
      Sandbox.start(service, 'TRAFFIC-2'),
    ]);
  });
  afterAll(() => service?.stop());

  alike(
    'N17 passes HTTP/2, chunked bodies and a crowd up to its limit, whoever else stalls',
    async () => {
      await world.clear();
      const stalled = sandbox.probe({
        stall: {
          do: 'stall',
          to: 'allowed.test:443',
          count: 100,
          seconds: STALLED_SECONDS[runtime],
        },
      });
      const found = await neighbour.probe({
        http2: bash(`curl -sk --http2 -w ' %{http_version}' https://allowed.test/`),
        chunkedUp: bash(
          `head -c 3000000 /dev/urandom >/tmp/up; for url in http://allowed.test/echo https://allowed.test/echo; do
         curl -sk -H 'Transfer-Encoding: chunked' -H 'Expect:' -T - "$url" </tmp/up | cmp - /tmp/up && echo same; done`,
        ),
        chunkedDown: bash(`curl -s http://allowed.test/trickle/5`),
      });
      expect(found.http2.out).toMatch(/^world .* 443\n 2$/);
      expect(found.chunkedUp.out).toBe('same\nsame\n');
      expect(found.chunkedDown.out).toBe('world\n'.repeat(5));

      const crowd = await neighbour.probe({ it: { do: 'crowd', to: 'echo.test:7', count: CROWD } });
      expect(JSON.parse(crowd.it.answer ?? '')).toEqual({ echoed: CROWD, refused: [] });
      const more = await neighbour.probe({
        it: { do: 'crowd', to: 'echo.test:7', count: CROWD + 10 },
      });
      const { echoed, refused } = JSON.parse(more.it.answer ?? '') as Crowd;
      expect(echoed).toBeGreaterThanOrEqual(CROWD);
      expect(refused.length).toBe(CROWD + 10 - echoed);
      expect(refused.filter((status) => status !== 429 && status !== 0)).toEqual([]);

      const quick = await neighbour.probe({
        curl: bash(`curl -s -o /dev/null -w '%{http_code} %{time_total}' http://allowed.test/`),
      });
      const [code, seconds] = (quick.curl.out ?? '').split(' ');
      expect(code).toBe('200');
      expect(Number(seconds)).toBeLessThan(1);
      const { stall } = await stalled;
      const left = JSON.parse(stall.answer ?? '') as Record<string, number>;
      expect(Object.keys(left)).toEqual(['silent', 'half', 'slow', 'hello']);
      if (runtime === 'runc') expect(Object.values(left)).toEqual([0, 0, 0, 0]);
    },
  );

  alike('N17 passes what is large without holding it', async () => {
    const before = residentBytes(service);
    const size = LARGE[runtime];
    const url = `https://allowed.test/bytes/${size}`;
    const { large } = await sandbox.probe({
      large: bash(`curl -sk -o /dev/null -w '%{size_download}' ${url}`, 55),
    });
    expect(large.out).toBe(String(size));
    expect(residentBytes(service) - before).toBeLessThan(128 * MIB);
  });

  alike('leaves nothing', async () => {
    await Promise.all([sandbox.end(), neighbour.end()]);
    await expectNoRemains(service);
  });
});

function residentBytes(service: RunningService): number {
  const status = readFileSync(`/proc/${service.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
