import { createServer } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo } from 'node:net';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { UNLIMITED } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { freePort } from '../support/service-home.js';
import { createRun } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { CliProcess, risoluto } from './risoluto.js';

const PATIENCE_MS = 180_000;

let service: RunningService;
let env: Record<string, string>;
beforeAll(async () => {
  service = await startService({ yaml: UNLIMITED });
  env = { RISOLUTO_URL: service.url };
});
afterAll(() => service.stop());

async function runsOf(issue: string): Promise<{ id: string; status: string }[]> {
  const { body } = await service.api('GET', `/api/v1/runs?issue=${issue}`);
  return body.items as { id: string; status: string }[];
}

describe('risoluto run, over a connection that breaks', () => {
  it('shows every line once and ends with the command’s code', async () => {
    const proxy = await cuttingProxy(service.url, 4000);
    const script = 'for n in $(seq 300); do echo line $n; sleep 0.02; done; exit 7';
    const argv = ['run', '--issue', 'CUT-1', '--', 'sh', '-c', script];
    const result = await risoluto(argv, { env: { RISOLUTO_URL: proxy.url } }, 120_000);
    proxy.close();
    expect(proxy.cuts()).toBeGreaterThan(3);
    const lines = Array.from({ length: 300 }, (_, index) => `line ${index + 1}\n`).join('');
    expect(result).toMatchObject({ code: 7, stdout: lines });
  }, 150_000);
});

describe('risoluto run, while the service is restarted', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'waits for it, and for its turn: %s',
    async (signal) => {
      const issue = `QUEUED-${signal}`;
      const first = await createRun(service, { issue, command: ['sleep', '300'] });
      const script = 'echo at last; exit 7';
      const argv = ['run', '--issue', issue, '--', 'sh', '-c', script];
      const process = new CliProcess(argv, { env });
      await until('both runs', async () => ((await runsOf(issue)).length === 2 ? true : null));
      await service.restart(signal);
      await service.api('POST', `/api/v1/runs/${first}/cancel`);
      const { code, stdout } = await process.ended(90_000);
      expect([code, stdout.toString()]).toEqual([7, 'at last\n']);
      expect(await runsOf(issue)).toHaveLength(2);
    },
    PATIENCE_MS,
  );
});

describe('risoluto run, when an answer is lost', () => {
  it('sends the same request again, and starts the command once', async () => {
    const proxy = await losingProxy(service.url, 1);
    const argv = ['run', '--issue', 'LOST-1', '--', 'echo', 'once'];
    const result = await risoluto(argv, { env: { RISOLUTO_URL: proxy.url } });
    proxy.close();
    expect(proxy.lost()).toBe(1);
    expect(result).toMatchObject({ code: 0, stdout: 'once\n' });
    expect(await runsOf('LOST-1')).toHaveLength(1);
  });

  it('cancels the run that such a request made, when Ctrl-C comes meanwhile', async () => {
    const proxy = await losingProxy(service.url, 3);
    const argv = ['run', '--issue', 'LOST-2', '--', 'sleep', '300'];
    const process = new CliProcess(argv, { env: { RISOLUTO_URL: proxy.url } });
    await until('a lost answer', () => (proxy.lost() > 0 ? true : null));
    process.kill('SIGINT');
    expect((await process.ended()).code).toBe(130);
    proxy.close();
    expect(await runsOf('LOST-2')).toMatchObject([{ status: 'cancelled' }]);
  });

  it('starts nothing when Ctrl-C comes before any service was reached', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const process = new CliProcess(['run', '--issue', 'LOST-3', '--', 'true'], {
      env: { RISOLUTO_URL: url },
    });
    await process.untilShown('trying again');
    process.kill('SIGINT');
    const { code, stderr } = await process.ended(10_000);
    expect(code).toBe(130);
    expect(stderr.toString()).toContain('nothing was started');
  });

  it('does not take another server’s page for an answer', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>It works!</h1>');
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const result = await risoluto(['run', '--issue', 'LOST-4', '--', 'true'], {
      env: { RISOLUTO_URL: url },
    });
    server.close();
    expect(result).toMatchObject({ code: 123, stdout: '' });
    expect(result.stderr).toContain(`${url} answered with status 200, and not as Risoluto does`);
  });
});

describe('risoluto run, when the service goes away', () => {
  it(
    'gives up with 123 when the service stays away, and says which run that was',
    async () => {
      const argv = [
        'run',
        '--issue',
        'AWAY-GONE',
        '--reconnect-timeout',
        '2',
        '--',
        'sleep',
        '300',
      ];
      const process = new CliProcess(argv, { env });
      const [run] = await until('the run', async () => {
        const runs = await runsOf('AWAY-GONE');
        return runs[0]?.status === 'running' ? runs : null;
      });
      await service.terminate('SIGKILL');
      const { code, stderr } = await process.ended();
      expect(code).toBe(123);
      expect(stderr.toString()).toContain(`run ${run?.id} is not followed any more`);
      await service.start();
      await service.api('POST', `/api/v1/runs/${run?.id}/cancel`);
    },
    PATIENCE_MS,
  );
});

/** Passes bytes on, and cuts each connection that has carried so many of the service's. */
async function cuttingProxy(origin: string, bytes: number) {
  let cuts = 0;
  const server = createTcpServer((client) => {
    const upstream = connect(Number(new URL(origin).port), '127.0.0.1');
    let carried = 0;
    client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
    upstream.on('error', () => client.destroy()).on('close', () => client.end());
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      carried += chunk.length;
      client.write(chunk.subarray(0, Math.max(0, bytes - (carried - chunk.length))));
      if (carried < bytes) return;
      cuts += 1;
      client.destroySoon();
      upstream.destroy();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cuts: () => cuts,
    close: () => server.close(),
  };
}

/** Passes requests on, and cuts the connection instead of the first answers to `POST`. */
async function losingProxy(origin: string, lose: number) {
  let lost = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => void pass(Buffer.concat(chunks)));
    async function pass(body: Buffer): Promise<void> {
      const headers = Object.entries(request.headers).filter(([name]) => !HOP.has(name));
      const answer = await fetch(`${origin}${request.url}`, {
        method: request.method ?? 'GET',
        headers: headers as [string, string][],
        ...(body.length > 0 && { body }),
      });
      if (request.method === 'POST' && lost < lose) {
        lost += 1;
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.status, {
        'content-type': answer.headers.get('content-type') ?? '',
      });
      for await (const chunk of answer.body ?? []) response.write(chunk);
      response.end();
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lost: () => lost,
    close: () => server.close(),
  };
}

const HOP = new Set(['host', 'connection', 'content-length', 'transfer-encoding']);
