import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { showRun, UNLIMITED } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { startService, type RunningService } from '../support/service.js';
import { CliProcess } from './risoluto.js';

const CTRL_C = '\u0003';
const ESCAPE = '\u001b';

let service: RunningService;
let env: Record<string, string>;
beforeAll(async () => {
  service = await startService({ yaml: { ...UNLIMITED, runs: { maxConcurrent: 1 } } });
  env = { RISOLUTO_URL: service.url, TERM: 'xterm' };
});
afterAll(() => service.stop());

function inTerminal(issue: string, script: string): CliProcess {
  const argv = ['run', '--issue', issue, '--', 'sh', '-c', script];
  return new CliProcess(argv, { env, terminal: true });
}

async function onlyRunOf(issue: string): Promise<string> {
  return until('the run', async () => {
    const { body } = await service.api('GET', `/api/v1/runs?issue=${issue}`);
    return body.items.length === 1 ? (body.items[0].id as string) : null;
  });
}

describe('risoluto run, in a terminal', () => {
  it('shows progress until output comes, then the output, and how it ended', async () => {
    const process = inTerminal('TTY-1', 'echo hello; exit 7');
    const { code, stdout } = await process.ended();
    expect(code).toBe(7);
    const shown = stdout.toString();
    expect(shown).toMatch(/(queued|preparing)… 0 s/);
    expect(shown).toContain(`${ESCAPE}[2K`);
    expect(shown.slice(shown.indexOf('hello'))).toMatch(
      /^hello\r\nrisoluto: run \w{26} failed with exit code 7\r\n$/,
    );
  });

  it('shows none of that in a pipe', async () => {
    const argv = ['run', '--issue', 'TTY-1', '--', 'echo', 'hello'];
    const { stdout, stderr } = await new CliProcess(argv, { env, input: '' }).ended();
    expect([stdout.toString(), stderr.toString()]).toEqual(['hello\n', '']);
  });

  it('cancels on Ctrl-C, shows what the command still says, and ends with 130', async () => {
    const script = 'trap "echo going; exit 0" TERM; echo up; while :; do sleep 0.1; done';
    const process = inTerminal('TTY-2', script);
    await process.untilShown('up');
    process.type(CTRL_C);
    const { code, stdout } = await process.ended();
    expect(code).toBe(130);
    expect(stdout.toString()).toMatch(/cancelling run \w{26}; [^]*going\r\n[^]*cancelled/);
    const run = await showRun(service, await onlyRunOf('TTY-2'));
    expect(run).toMatchObject({ status: 'cancelled' });
  });

  it('leaves at once on a second Ctrl-C, and says which run it left', async () => {
    const process = inTerminal('TTY-3', 'trap "" TERM; echo up; while :; do sleep 0.1; done');
    await process.untilShown('up');
    const id = await onlyRunOf('TTY-3');
    process.type(CTRL_C);
    await process.untilShown('cancelling run');
    process.type(CTRL_C);
    const { code, stdout } = await process.ended(8000);
    expect(code).toBe(130);
    expect(stdout.toString()).toContain(`the run may go on: risoluto cancel ${id}`);
  });

  it('cancels a run that still waits in line', async () => {
    // The one before it ignores SIGTERM, and there is room for one.
    const process = inTerminal('TTY-4', 'echo never');
    await process.untilShown('queued… 1 s');
    process.type(CTRL_C);
    const { code, stdout } = await process.ended();
    expect(code).toBe(130);
    expect(stdout.toString()).not.toContain('never');
    const run = await showRun(service, await onlyRunOf('TTY-4'));
    expect(run).toMatchObject({ status: 'cancelled', exitCode: null });
  });
});
