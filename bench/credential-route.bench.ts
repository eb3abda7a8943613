import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent as PlainAgent, get, type Agent } from 'node:http';
import { Agent as SecureAgent, get as getSecure } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Benchmark, Comparison, Measure } from './benchmark.js';
import { quantile } from './benchmark.js';
import { cpuMicros, moveToSecondCore, startServer } from './one-core.js';

const NAME = 'upstream.bench.test';
const MiB = 1024 * 1024;
/** A fast answer of a model begins no sooner. */
const FIRST_BYTE_MS = 50;

/** As with the proxies: what is measured has the first core to itself. */
const ON_SECOND_CORE = ['taskset', '--cpu-list', '1'];

/** One way to the same upstream. */
interface Way {
  fetch(path: string): Promise<number>;
  readonly pid: number | null;
}

const benchmark: Benchmark = {
  question: 'What does a credential route add to a request, against asking the upstream itself?',

  async prepare({ quick }) {
    moveToSecondCore();
    const directory = mkdtempSync(join(tmpdir(), 'risoluto-bench-'));
    const files = certificateIn(directory);
    const upstream = await startServer('route-upstream.mjs', files, ON_SECOND_CORE);
    const gateway = await startServer('route-gateway.mjs', {
      TARGET_PORT: upstream.firstLine,
      NODE_EXTRA_CA_CERTS: files.CERTIFICATE,
    });
    const ways = {
      route: routeOf(gateway.firstLine, gateway.pid),
      direct: directOf(upstream.firstLine, readFileSync(files.CERTIFICATE)),
    };
    const rounds = quick ? { rounds: 1, warmUpRounds: 0 } : { rounds: 7, warmUpRounds: 2 };
    const compare = (name: string, measure: Measure, work: (way: Way) => Promise<number>) =>
      comparisonOf(ways, { name, measure, work, rounds });
    const times = quick ? 3 : 40;
    const large = (quick ? 4 : 256) * MiB;
    return {
      comparisons: [
        compare(`answer after ${FIRST_BYTE_MS} ms`, LATENCY, (way) =>
          medianTime(way, `/wait/${FIRST_BYTE_MS}`, times),
        ),
        compare('answer at once', TOLD_LATENCY, (way) => medianTime(way, '/bytes/64', times * 10)),
        compare('1 answer, 256 MiB', THROUGHPUT, (way) => throughput(way, 1, large)),
        compare('16 answers at once, 16 MiB each', THROUGHPUT, (way) =>
          throughput(way, 16, large / 16),
        ),
      ],
      dispose: () => {
        for (const { child } of [upstream, gateway]) child.kill('SIGKILL');
        rmSync(directory, { recursive: true, force: true });
        return Promise.resolve();
      },
    };
  },
};

const LATENCY: Measure = { unit: 'ms', better: 'lower', target: 1.1 };
const TOLD_LATENCY: Measure = { unit: 'ms', better: 'lower', target: null };
const THROUGHPUT: Measure = { unit: 'MiB/s', better: 'higher', target: 0.8 };
const CPU: Measure = { unit: 'CPU ms', better: 'lower', target: null };

interface Plan {
  readonly name: string;
  readonly measure: Measure;
  readonly work: (way: Way) => Promise<number>;
  readonly rounds: Pick<Comparison, 'rounds' | 'warmUpRounds'>;
}

function comparisonOf(
  { route, direct }: { route: Way; direct: Way },
  { name, measure, work, rounds }: Plan,
): Comparison {
  const contender = (called: string, way: Way) => ({
    name: called,
    measure: async (): Promise<number[]> => {
      const before = way.pid === null ? 0 : cpuMicros(way.pid);
      const figure = await work(way);
      return [figure, way.pid === null ? 0 : (cpuMicros(way.pid) - before) / 1000];
    },
  });
  return {
    name,
    measures: [measure, CPU],
    contenders: [contender('route', route), contender('direct', direct)],
    ...rounds,
  };
}

function routeOf(port: string, pid: number): Way {
  const agent = new PlainAgent({ keepAlive: true });
  const base = `http://127.0.0.1:${port}/r/model`;
  return { pid, fetch: (path) => bytesOf(get, `${base}${path}`, { agent }) };
}

function directOf(port: string, ca: Buffer): Way {
  const agent = new SecureAgent({ keepAlive: true, ca });
  const headers = { authorization: 'Bearer mine', host: `${NAME}:${port}` };
  const options = { agent, servername: NAME, headers };
  const base = `https://127.0.0.1:${port}`;
  return { pid: null, fetch: (path) => bytesOf(getSecure, `${base}${path}`, options) };
}

/** Resolves with the length of the body when all of it came; rejects for anything but 200. */
function bytesOf(
  call: typeof get,
  url: string,
  options: { agent: Agent; headers?: Record<string, string>; servername?: string },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = call(url, options, (response) => {
      let length = 0;
      response.on('data', (bytes: Buffer) => (length += bytes.length));
      response.on('error', reject);
      response.once('end', () => {
        if (response.statusCode === 200) resolve(length);
        else reject(new Error(`${url}: ${response.statusCode}`));
      });
    });
    request.on('error', reject);
  });
}

/** One after another, on a connection that stands. */
async function medianTime(way: Way, path: string, count: number): Promise<number> {
  const times: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const began = performance.now();
    await way.fetch(path);
    times.push(performance.now() - began);
  }
  times.sort((one, other) => one - other);
  return quantile(times, 0.5);
}

/** Megabytes (2^20) a second of all. */
async function throughput(way: Way, answers: number, bytes: number): Promise<number> {
  const began = performance.now();
  const got = await Promise.all(
    Array.from({ length: answers }, () => way.fetch(`/bytes/${bytes}`)),
  );
  const total = got.reduce((sum, length) => sum + length, 0);
  if (total !== answers * bytes) throw new Error(`${total} bytes came, not ${answers * bytes}`);
  return total / MiB / ((performance.now() - began) / 1000);
}

function certificateIn(directory: string): { CERTIFICATE: string; KEY: string } {
  const files = {
    CERTIFICATE: join(directory, 'certificate.pem'),
    KEY: join(directory, 'key.pem'),
  };
  const names = ['-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-keyout', files.KEY];
  const args = [
    'req',
    '-x509',
    '-nodes',
    '-days',
    '2',
    ...names,
    ...key,
    '-out',
    files.CERTIFICATE,
  ];
  execFileSync('openssl', args, { stdio: 'ignore' });
  return files;
}

export default benchmark;
