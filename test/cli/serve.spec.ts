import { readdirSync, readFileSync } from 'node:fs';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { until } from '../runs/until.js';
import { callApi } from '../support/http.js';
import { RunningService, startRefused } from '../support/service.js';
import { CliProcess, risoluto } from './risoluto.js';

vi.setConfig({ testTimeout: 120_000 });

let home: RunningService | null = null;
afterEach(async () => {
  await home?.stop();
  home = null;
});

/** What a service of this environment needs, with `risoluto serve` in place of `npm start`. */
async function serve(env: Record<string, string> = {}): Promise<[RunningService, CliProcess]> {
  home = await RunningService.prepare({ env });
  return [home, new CliProcess(['serve'], { env: home.env })];
}

async function healthy(url: string): Promise<void> {
  await until(
    'the service to answer',
    async () => {
      const answer = await callApi(url, 'GET', '/healthz', { timeoutMs: 2000 }).catch(() => null);
      return answer?.status === 200 ? true : null;
    },
    60_000,
  );
}

describe('risoluto serve', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'is the service in its own process, until %s',
    async (signal) => {
      const [{ url, dataDir }, process] = await serve();
      await healthy(url);
      expect(childrenOf(process.pid)).toEqual([]);
      expect(readFileSync(`/proc/${process.pid}/cmdline`, 'utf8')).toMatch(
        /risoluto\.js\0serve\0$/,
      );
      const set = await callApi(url, 'PUT', '/api/v1/secrets/A', { body: { value: 'value' } });
      expect(set.status).toBe(204);
      expect(readdirSync(dataDir)).toContain('risoluto.db');
      process.kill(signal);
      expect(await process.ended()).toMatchObject({ code: 0, signal: null });
      expect(process.stdout).toMatch(/"msg":"listening"[^]*"msg":"stopping"/);
    },
  );

  it('ends with 78 and the same words as npm start when the configuration is wrong', async () => {
    const wrong = { RISOLUTO_LOG_LEVEL: 'loud', RISOLUTO_BIND: 'nowhere' };
    const [, process] = await serve(wrong);
    const result = await process.ended();
    const expected = await startRefused({ env: wrong });
    expect([result.code, expected.code]).toEqual([78, 78]);
    expect(process.stderr).toBe(expected.logs);
    expect(process.stderr).toContain('RISOLUTO_BIND: must be');
  });

  it('ends with 1 when another process has the data directory', async () => {
    const [first, running] = await serve();
    await healthy(first.url);
    const second = await risoluto(['serve'], { env: { ...first.env, RISOLUTO_PORT: '0' } });
    expect([second.code, second.stderr]).toEqual([
      1,
      expect.stringContaining(`in use by another Risoluto process, ${running.pid} (`),
    ]);
    running.kill('SIGTERM');
    expect((await running.ended()).code).toBe(0);
  });
});

function childrenOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`)
    .map((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim())
    .filter((children) => children !== '');
}
