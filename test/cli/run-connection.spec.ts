import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { UNLIMITED } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { freePort } from '../support/service-home.js';
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
