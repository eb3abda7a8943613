import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { until } from '../runs/until.js';
import { startService, type RunningService } from '../support/service.js';
import { readPage } from './markdown.js';

const TOKEN = 'the-write-token-of-a-ci-job';
const LINES = 24;
const COMMAND = `for n in $(seq ${LINES}); do echo line $n; sleep 0.3; done; exit 7`;

let service: RunningService;
let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'risoluto-ci-'));
  service = await startService({ env: { RISOLUTO_WRITE_TOKEN: TOKEN } });
  await service.api('PUT', '/api/v1/secrets/NPM_TOKEN', { token: TOKEN, body: { value: 'value' } });
});
afterAll(async () => {
  await service.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** The page's own script, with another command for the run. */
function scriptOfPage(): string {
  const block = readPage('docs/ci.md').blocks.find(({ text }) => text.includes('Idempotency-Key'));
  const replaced = block?.text.replace('node --version && echo done', COMMAND) ?? '';
  expect(replaced).toContain(COMMAND);
  return replaced;
}

/** The arguments of all processes that there are now. */
function argumentsOfAll(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    });
}

describe('the script for a job that has curl alone', () => {
  let script: ChildProcess;
  let shown = '';
  let complaints = '';

  it('shows every line once and ends with the command’s code, whatever restarts', async () => {
    script = spawn('sh', ['-euc', scriptOfPage()], {
      cwd: directory,
      env: { PATH: process.env.PATH, RISOLUTO_URL: service.url, RISOLUTO_WRITE_TOKEN: TOKEN },
    });
    script.stdout?.setEncoding('utf8').on('data', (text: string) => (shown += text));
    script.stderr?.setEncoding('utf8').on('data', (text: string) => (complaints += text));
    const ended = once(script, 'exit');
    const said = (text: string) => until(text, () => shown.includes(text) || null, 15_000);
    await said('line 3\n');
    const seen = argumentsOfAll();
    expect(seen.some((line) => line.includes('follow=true'))).toBe(true);
    expect(seen.filter((line) => line.includes(TOKEN))).toEqual([]);
    await service.restart('SIGKILL');
    await said('line 12\n');
    await service.restart('SIGTERM');
    const [code] = (await ended) as [number | null];
    const lines = Array.from({ length: LINES }, (_, index) => `line ${index + 1}\n`).join('');
    expect(shown.slice(0, lines.length), complaints).toBe(lines);
    expect(JSON.parse(shown.slice(lines.length))).toMatchObject({ status: 'failed', exitCode: 7 });
    expect(code).toBe(7);
  }, 120_000);
});
