import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { sized } from '../support/long-form.js';
import { residentBytes } from '../support/memory.js';
import { startService, type RunningService } from '../support/service.js';
import { until } from '../runs/until.js';
import { Crowd } from './crowd.js';
import { flood } from './flood.js';
import { expectHealthy, Prober } from './prober.js';

const MiB = 1024 * 1024;
const TOKEN = 'abuse-token-4b1f0c';
const ADDRESSES = sized(30_000, 1_000_000);
const DENIALS = sized(30_000, 1_000_000);
const IDLE = 10_000;
const SLOW = 1000;
/** These go on to write, and may find the connection closed before they read why. */
const STEADY = 10;
/** `src/http/server-timeouts.ts`, with the time between two looks and some for a loaded machine. */
const HEADERS_MS = 15_000 + 5000 + 30_000;
const BODIES_MS = 60_000 + 5000 + 30_000;

let service: RunningService;
let prober: Prober;
let baseline: number;
let slowBodies: Crowd;
let slowSince: number;

const HOST = 'Host: 127.0.0.1\r\n';
const ATTACKER = 'X-Forwarded-For: 198.51.100.66\r\n';
const withToken = `Authorization: Bearer ${TOKEN}\r\n`;

beforeAll(async () => {
  service = await startService({
    env: {
      DOCKER_HOST: 'unix:///nonexistent/engine.sock',
      RISOLUTO_WRITE_TOKEN: TOKEN,
      RISOLUTO_TRUST_PROXY: '127.0.0.0/8',
      RISOLUTO_LOG_LEVEL: 'warn',
    },
    yaml: { rateLimits: { api: { limit: 10_000 } } },
  });
  prober = new Prober(service);
  // What every path needs once is no growth.
  await flood(service.url, 5000, (index) => addressed(index));
  baseline = await residentBytes(service.pid);
  console.log(`baseline ${mib(baseline)}`);
  const head = `POST /api/v1/runs HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n`;
  slowBodies = await Crowd.open(service.url, SLOW, `${head}Content-Length: 1000\r\n\r\n{`);
  slowSince = performance.now();
});

afterAll(async () => {
  slowBodies?.leave();
  await prober?.stop();
  await service?.stop();
});

const mib = (bytes: number) => `${Math.round(bytes / MiB)} MiB`;

/** Requests of ever new addresses, every other one of IPv6. */
function addressed(index: number): string {
  const octets = [11 + (index >>> 24), (index >>> 16) & 255, (index >>> 8) & 255, index & 255];
  const v6 = `2001:db8:${(index >>> 16).toString(16)}:${(index & 0xffff).toString(16)}::1`;
  const address = index % 2 === 0 ? octets.join('.') : v6;
  return `GET /api/v1/runtime HTTP/1.1\r\n${HOST}X-Forwarded-For: ${address}\r\n\r\n`;
}

/** Memory is at most so much above the baseline, once the collector has had its time. */
async function expectMemoryBack(what: string, mostGrowth: number): Promise<void> {
  const peak = await residentBytes(service.pid);
  const back = async () =>
    (await residentBytes(service.pid)) - baseline < mostGrowth ? true : null;
  await until(`${what}: memory to come back`, back, 30_000);
  console.log(`${what}: ${mib(peak)}, then ${mib(await residentBytes(service.pid))}`);
}

describe('a service under abuse', () => {
  it(
    `serves ${ADDRESSES} client addresses, and forgets nobody's allowance`,
    async () => {
      const known = { headers: { 'x-forwarded-for': '198.51.100.7' }, token: TOKEN };
      const left = async () =>
        Number((await service.api('GET', '/api/v1/runtime', known)).headers['ratelimit-remaining']);
      const before = await left();
      const began = performance.now();
      const statuses = await flood(service.url, ADDRESSES, addressed);
      const tookMs = performance.now() - began;
      console.log(`${ADDRESSES} addresses in ${Math.round(tookMs)} ms`);
      expect(Object.fromEntries(statuses)).toEqual({ 200: ADDRESSES });
      if (tookMs < 50_000) expect(await left()).toBe(before - 1);
      await expectHealthy(prober, 'addresses');
      await expectMemoryBack('addresses', 96 * MiB);
    },
    60_000 + ADDRESSES * 3,
  );

  it(
    `refuses ${DENIALS} requests without a trace in audit, and with few in its log`,
    async () => {
      const rows = async () =>
        (await service.api('GET', '/api/v1/audit', { token: TOKEN })).body.items.length as number;
      const audited = await rows();
      const logged = service.logs().length;
      const began = performance.now();
      const kinds = [
        `PUT /api/v1/secrets/A HTTP/1.1\r\n${HOST}${ATTACKER}Content-Length: 0\r\n\r\n`,
        `DELETE /api/v1/secrets/A HTTP/1.1\r\n${HOST}${ATTACKER}Authorization: Bearer wrong\r\n\r\n`,
        `GET /nothing/here HTTP/1.1\r\n${HOST}\r\n`,
        `PATCH /api/v1/runs HTTP/1.1\r\n${HOST}\r\n`,
        `GET /healthz HTTP/1.1\r\n${HOST}${HOST}\r\n`,
      ];
      const statuses = await flood(service.url, DENIALS, (index) => kinds[index % 5] ?? '');
      const seconds = (performance.now() - began) / 1000;
      console.log(Object.fromEntries(statuses), `in ${Math.round(seconds)} s`);
      expect([...statuses.keys()].toSorted()).toEqual(['400', '401', '404', '405', '429']);
      expect(statuses.get('404')).toBe(DENIALS / 5);
      const grown = service.logs().length - logged;
      console.log(`the log has grown by ${grown} bytes`);
      // One line a second for each kind of denial.
      expect(grown).toBeLessThan(4000 * (seconds + 2));
      expect(await rows()).toBe(audited);
      await expectHealthy(prober, 'denials');
      await expectMemoryBack('denials', 96 * MiB);
    },
    60_000 + DENIALS * 3,
  );

  it(
    `stands ${IDLE} idle connections and ${SLOW} slow headers, and closes them`,
    async () => {
      const idle = await Crowd.open(service.url, IDLE);
      const slow = await Crowd.open(service.url, SLOW, `GET /healthz HTTP/1.1\r\n${HOST}X: `);
      const trickle = setInterval(
        () => slow.members.slice(0, STEADY).forEach(({ socket }) => socket.write('x')),
        1000,
      );
      for (const { socket } of slow.members) socket.write('x');
      try {
        const held = await residentBytes(service.pid);
        console.log(`${IDLE + SLOW} connections hold ${mib(held - baseline)}`);
        expect(held - baseline).toBeLessThan(400 * MiB);
        const put = { body: { value: 'x' }, token: TOKEN };
        expect((await service.api('PUT', '/api/v1/secrets/MEANWHILE', put)).status).toBe(204);
        const began = performance.now();
        const all = IDLE + SLOW;
        const gone = () => (idle.closed + slow.closed === all ? true : null);
        await until('idle and slow connections to be closed', gone, HEADERS_MS);
        console.log(`closed within ${Math.round(performance.now() - began)} ms`);
        expect(slow.heard(/^HTTP\/1\.1 408 [^]*"code":"request_timeout"/)).toBeGreaterThanOrEqual(
          SLOW - STEADY,
        );
      } finally {
        clearInterval(trickle);
        idle.leave();
        slow.leave();
      }
      await expectHealthy(prober, 'idle connections');
      await expectMemoryBack('idle connections', 160 * MiB);
    },
    60_000 + HEADERS_MS,
  );

  it('lets 1000 clients wait for a run and tells the others to come later', async () => {
    const body = { issue: 'MT-1', command: ['true'] };
    const created = await service.api('POST', '/api/v1/runs', { body, token: TOKEN });
    expect(created.status, created.text).toBe(202);
    const id = String(created.body.id);
    const wait = `GET /api/v1/runs/${id}?wait=60 HTTP/1.1\r\n${HOST}${withToken}\r\n`;
    // All in one moment they would be 1,100 requests of two milliseconds each, which is another test.
    const crowds: Crowd[] = [];
    for (let opened = 0; opened < 1100; opened += 100) {
      // One address alone gets a quarter of the places.
      const from = `127.0.0.${2 + crowds.length}`;
      crowds.push(await Crowd.open(service.url, 100, wait, { from }));
      await sleep(250);
    }
    const heard = (what: RegExp) => crowds.reduce((sum, crowd) => sum + crowd.heard(what), 0);
    const refused = () => heard(/^HTTP\/1\.1 503 [^]*"too_many_streams"/);
    await expect.poll(refused, { timeout: 60_000, interval: 200 }).toBe(100);
    await sleep(1000);
    expect([refused(), heard(/./)]).toEqual([100, 100]);
    for (const crowd of crowds) crowd.leave();
    const alone = await Crowd.open(service.url, 300, wait, { from: '127.0.0.99' });
    const turnedAway = () => alone.heard(/^HTTP\/1\.1 503 [^]*"too_many_streams"/);
    await expect.poll(turnedAway, { timeout: 60_000, interval: 200 }).toBe(50);
    const other = await service.api('GET', `/api/v1/runs/${id}?wait=1`, { token: TOKEN });
    expect(other.status, other.text).toBe(200);
    alone.leave();
    const again = async () => {
      const answer = await service.api('GET', `/api/v1/runs/${id}?wait=1`, { token: TOKEN });
      return answer.status === 200 ? true : null;
    };
    // Whoever hangs up leaves his place, long before his time is over.
    await until('a place to be free', again, 20_000);
    await expectHealthy(prober, 'long polls');
  }, 180_000);

  it(
    `answers ${SLOW} bodies that do not end, and closes them`,
    async () => {
      const told = () => (slowBodies.closed === SLOW ? true : null);
      await until('slow bodies to be closed', told, BODIES_MS);
      console.log(
        `slow bodies: closed ${Math.round(performance.now() - slowSince)} ms after all began`,
      );
      expect(slowBodies.heard(/^HTTP\/1\.1 408 [^]*"code":"request_timeout"/)).toBe(SLOW);
      await expectHealthy(prober, 'slow bodies');
      await expectMemoryBack('slow bodies', 160 * MiB);
    },
    60_000 + BODIES_MS,
  );

  it('holds bounded memory for bodies that do not end, and takes others meanwhile', async () => {
    const head = `POST /api/v1/runs HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n`;
    const large = `${head}Content-Length: ${MiB}\r\n\r\n${' '.repeat(MiB - 1)}`;
    const before = await residentBytes(service.pid);
    const crowd = await Crowd.open(service.url, 400, large, { atOnce: 10 });
    const refused = () => (crowd.heard(/^HTTP\/1\.1 503 [^]*"server_busy"/) >= 300 ? true : null);
    await until('the oldest bodies to give way', refused, 60_000);
    const held = (await residentBytes(service.pid)) - before;
    console.log(`400 bodies of 1 MiB hold ${mib(held)}`);
    expect(held).toBeLessThan(300 * MiB);
    const put = { body: { value: 'small' }, token: TOKEN };
    expect((await service.api('PUT', '/api/v1/secrets/MEANWHILE', put)).status).toBe(204);
    crowd.leave();
    await expectHealthy(prober, 'large bodies');
    await expectMemoryBack('large bodies', 200 * MiB);
  }, 180_000);
});

describe('a service that may open 1024 files', () => {
  it('serves whoever comes, whatever lies there, and keeps files for its own work', async () => {
    const wrapper = ['sh', '-c', 'ulimit -n 1024; exec "$@"', 'sh'];
    const small = await startService({
      wrapper,
      env: { DOCKER_HOST: 'unix:///nonexistent/engine.sock' },
    });
    const watch = new Prober(small);
    try {
      const crowd = await Crowd.open(small.url, 3000);
      // All but the 640 places, and those that the watch and this test have taken since.
      await until('the oldest to give way', () => (crowd.closed > 2300 ? true : null), 20_000);
      for (let turn = 0; turn < 5; turn += 1) {
        const put = await small.api('PUT', '/api/v1/secrets/A', { body: { value: `v${turn}` } });
        expect(put.status, put.text).toBe(204);
        expect((await small.api('GET', '/readyz')).body.checks).toContainEqual({
          name: 'database',
          status: 'ok',
        });
      }
      crowd.leave();
      await expectHealthy(watch, '1024 files');
    } finally {
      await watch.stop();
      await small.stop();
    }
  }, 120_000);
});
