import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { showRun, UNLIMITED } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { freePort } from '../support/service-home.js';
import { startService, type RunningService } from '../support/service.js';
import { CliProcess, risoluto, type CliText } from './risoluto.js';

/** Prints an event, a line that is none, and an error's line, and tells who it was told to be. */
const SHOUTER = [
  'echo aside >&2',
  'printf "{\\"type\\":\\"message\\",\\"text\\":\\"%s %s\\"}\\n" "$1" "$(tr a-z A-Z)"',
  'printf "{\\"type\\":\\"result\\",\\"status\\":\\"succeeded\\"}\\n"',
].join('; ');
const YAML = {
  ...UNLIMITED,
  codex: {
    sandbox: { resources: { memory: '128m' } },
    agents: { exec: [{ name: 'shouter', argv: ['sh', '-c', SHOUTER, 'sh', '{model}'] }] },
  },
  runs: { maxConcurrent: 4 },
};
const TOKEN = 'a-write-token-that-nobody-guesses';

let service: RunningService;
let env: Record<string, string>;
beforeAll(async () => {
  service = await startService({ yaml: YAML, env: { RISOLUTO_WRITE_TOKEN: TOKEN } });
  env = { RISOLUTO_URL: service.url, RISOLUTO_WRITE_TOKEN: TOKEN };
});
afterAll(() => service.stop());

/** A command of the run, in a pipe. */
function run(options: string[], ...command: string[]): Promise<CliText> {
  return risoluto(['run', '--issue', 'CLI-1', ...options, '--', ...command], { env });
}

const sh = (options: string[], script: string) => run(options, 'sh', '-c', script);

async function runs(): Promise<{ id: string; status: string }[]> {
  const answer = await service.api('GET', '/api/v1/runs?limit=200');
  return answer.body.items as { id: string; status: string }[];
}

async function hasEnded(issue: string): Promise<boolean> {
  const answer = await service.api('GET', `/api/v1/runs?issue=${issue}&status=succeeded`);
  return answer.body.items.length === 1;
}

describe('risoluto run, in a pipe', () => {
  it('keeps the streams apart, shows nothing of its own, and ends with 0', async () => {
    const result = await sh([], 'echo to-out; echo to-err >&2');
    expect(result).toEqual({ code: 0, stdout: 'to-out\n', stderr: 'to-err\n' });
  });

  it('ends with the exit code of the command, and says so', async () => {
    const result = await sh([], 'printf no-newline; exit 7');
    expect(result).toMatchObject({ code: 7, stdout: 'no-newline' });
    expect(result.stderr).toMatch(/^risoluto: run \w{26} failed with exit code 7\n$/);
  });

  it('shows output while the command still runs', async () => {
    const argv = ['run', '--issue', 'CLI-2', '--', 'sh', '-c', 'echo first; sleep 60'];
    const process = new CliProcess(argv, { env });
    await process.untilShown('first');
    expect(process.child.exitCode).toBeNull();
    process.kill('SIGTERM');
    expect((await process.ended()).code).toBe(130);
  });

  it('hands over what stands behind -- untouched, and the first word that is no option too', async () => {
    const odd = ['--issue', '--json', '-h', '--', "it's", '', '$HOME', 'ü\n', '--help'];
    const print = ['sh', '-c', 'for a; do printf "<%s>" "$a"; done', 'sh', ...odd];
    const expected = odd.map((argument) => `<${argument}>`).join('');
    expect(await run([], ...print)).toEqual({ code: 0, stdout: expected, stderr: '' });
    const without = await risoluto(['run', '--issue', 'CLI-1', ...print], { env });
    expect(without).toEqual({ code: 0, stdout: expected, stderr: '' });
  });

  it('hands over variables and secrets, by their names and by others', async () => {
    await setSecretWithToken('DEPLOY_KEY', 'the-deploy-key');
    const options = ['--env', 'A=1=2', '--env', 'EMPTY=', '--secret', 'DEPLOY_KEY'];
    const script = 'printf "%s,%s,%s,%s" "$A" "$EMPTY" "${#DEPLOY_KEY}" "${#OTHER}"';
    expect((await sh([...options, '--secret', 'OTHER=DEPLOY_KEY'], script)).stdout).toBe(
      '1=2,,14,14',
    );
  });

  it('passes the limits and the policy on', async () => {
    const result = await sh(
      ['--read-only', '--timeout', '50'],
      'touch /workspace/x || echo refused',
    );
    expect(result).toMatchObject({ code: 0, stdout: 'refused\n' });
    const network = await sh(['--network', '--json'], 'true');
    const { run: shown } = JSON.parse(network.stdout) as { run: { id: string } };
    const report = await service.api('GET', `/api/v1/runs/${shown.id}/sandbox`);
    expect(report.text).toMatch(/"name":"turnSandboxPolicy.networkAccess","value":true/);
  });

  it('ends with 124 when the time is up, and with 137 when the memory is', async () => {
    const late = await sh(['--timeout', '1'], 'echo up; sleep 60');
    expect(late).toMatchObject({ code: 124, stdout: 'up\n' });
    expect(late.stderr).toMatch(/timed out \(timeout: The time limit ended the command\.\)/);
    const hungry = await sh([], 'exec tail /dev/zero');
    expect(hungry.code).toBe(137);
    expect(hungry.stderr).toMatch(/out of memory \(memory_limit: /);
  });

  it('carries 50 MB through, byte for byte', async () => {
    const script = 'seq -f "%0999.0f ö" 1 52000';
    const argv = ['run', '--issue', 'CLI-3', '--', 'sh', '-c', script];
    const process = new CliProcess(argv, { env });
    const { code, stdout, stderr } = await process.ended(240_000);
    expect([code, stderr.toString()]).toEqual([0, '']);
    const hash = createHash('sha256');
    let bytes = 0;
    for (let line = 1; line <= 52_000; line += 1) {
      const text = `${String(line).padStart(999, '0')} ö\n`;
      bytes += Buffer.byteLength(text);
      hash.update(text);
    }
    expect(stdout.length).toBe(bytes);
    expect(bytes).toBeGreaterThan(50_000_000);
    expect(createHash('sha256').update(stdout).digest('hex')).toBe(hash.digest('hex'));
  }, 300_000);

  it('does not gather what nobody reads', async () => {
    const script = 'seq -f "%0999.0f" 1 40000';
    const argv = ['run', '--issue', 'CLI-4', '--', 'sh', '-c', script];
    const process = new CliProcess(argv, { env });
    process.child.stdout?.pause();
    // All of it is there to be fetched, and nobody reads.
    await until('the run to end', async () => (await hasEnded('CLI-4')) || null, 90_000);
    const status = readFileSync(`/proc/${process.pid}/status`, 'utf8');
    expect(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1])).toBeLessThan(130_000);
    process.child.stdout?.resume();
    const { code, stdout } = await process.ended(90_000);
    expect([code, stdout.length]).toEqual([0, 40_000_000]);
  }, 200_000);

  it('cancels the run when its reader goes away', async () => {
    const argv = ['run', '--issue', 'CLI-5', '--', 'sh', '-c', 'while echo y; do sleep 0.2; done'];
    const process = new CliProcess(argv, { env });
    await process.untilShown('y');
    process.child.stdout?.destroy();
    expect((await process.ended()).code).toBe(130);
    expect((await runs())[0]).toMatchObject({ status: 'cancelled' });
  });

  it('has no secret in its arguments or its environment but what the user gave', async () => {
    await setSecretWithToken('DEPLOY_KEY', 'the-deploy-key');
    const argv = ['run', '--issue', 'CLI-6', '--secret', 'DEPLOY_KEY', '--', 'sleep', '60'];
    const process = new CliProcess(argv, { env });
    await until('its run', async () => {
      const found = await service.api('GET', '/api/v1/runs?issue=CLI-6');
      return found.body.items.length > 0 ? true : null;
    });
    const seen = ['cmdline', 'environ'].map((file) =>
      readFileSync(`/proc/${process.pid}/${file}`, 'utf8'),
    );
    expect(seen[0]).not.toContain(TOKEN);
    expect(seen.join('')).not.toContain('the-deploy-key');
    expect(seen[1]?.split('\0').filter(Boolean).sort()).toEqual(
      ['HOME=/nonexistent', `PATH=${globalThis.process.env.PATH}`, ...pairs(env)].sort(),
    );
    process.kill('SIGINT');
    expect((await process.ended()).code).toBe(130);
  });
});

describe('risoluto run, for a program', () => {
  it('prints a record a line and the run at the end', async () => {
    const { code, stdout, stderr } = await sh(['--json'], 'echo out; echo err >&2; exit 3');
    expect([code, stderr]).toEqual([3, '']);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.at(-1).run).toMatchObject({ status: 'failed', exitCode: 3, issue: 'CLI-1' });
    const streams = lines.slice(0, -1).map(({ stream, text }) => `${stream}: ${text}`);
    expect(streams.sort()).toEqual(['stderr: err\n', 'stdout: out\n']);
  });

  it('starts once for one key, and leaves a detached run alone', async () => {
    const options = ['--detach', '--idempotency-key', 'cli-detached'];
    const first = await sh(options, 'echo once');
    const second = await sh(options, 'echo once');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(second.stdout).toBe(first.stdout);
    const id = first.stdout.trim();
    const logs = await risoluto(['logs', '--follow', id], { env });
    expect(logs).toEqual({ code: 0, stdout: 'once\n', stderr: '' });
    expect(await risoluto(['logs', id], { env })).toEqual(logs);
    expect((await showRun(service, id)).status).toBe('succeeded');
    const shown = await risoluto(['show', id], { env });
    expect(shown.stdout).toMatch(/^status +succeeded$/m);
    const listed = await risoluto(['runs', '--issue', 'CLI-1', '--json'], { env });
    expect(JSON.parse(listed.stdout).map((run: { id: string }) => run.id)).toContain(id);
    const late = await risoluto(['cancel', id], { env });
    expect(late).toMatchObject({ code: 121, stdout: '' });
    expect(late.stderr).toMatch(/^risoluto: run_finished: /);
  });
});

describe('risoluto run, of an agent', () => {
  const agent = ['--agent', 'shouter', '--prompt', 'hello there', '--model', 'm'];
  const shout = (...more: string[]) =>
    risoluto(['run', '--issue', 'CLI-9', ...agent, ...more], { env });

  it('shows what it did and not how it says so, as does logs', async () => {
    const shown = { code: 0, stdout: 'm HELLO THERE\n', stderr: 'aside\n' };
    expect(await shout()).toEqual(shown);

    const [last] = await runs();
    const id = last?.id ?? '';
    expect(await risoluto(['logs', id], { env })).toEqual(shown);
    expect(await risoluto(['logs', '--follow', id], { env })).toEqual(shown);
    const raw = await risoluto(['logs', '--raw', id], { env });
    expect(raw.stdout).toContain('{"type":"message","text":"m HELLO THERE"}\n');
    expect(raw.stdout).toMatch(/^m HELLO THERE$/m);
    const run = await risoluto(['show', id], { env });
    expect(run.stdout).toContain('agent      shouter m\nprompt     hello there\n');
    const list = await risoluto(['runs', '--issue', 'CLI-9'], { env });
    expect(list.stdout).toMatch(/succeeded .* shouter: hello there\n/);
  });

  it('gives a program every record', async () => {
    const { stdout } = await shout('--json');
    const lines = stdout.trim().split('\n');
    const streams = lines
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { stream: string }).stream);
    expect(new Set(streams)).toEqual(new Set(['stdout', 'stderr', 'agent']));
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ run: { agent: { kind: 'shouter' } } });
  });

  it('names credential routes, which the service refuses where it has none of the name', async () => {
    const result = await run(['--credential-route', 'nowhere'], 'true');
    expect(result.code).toBe(121);
    expect(result.stderr).toContain('credential_route_unknown');
    expect(result.stderr).toContain('nowhere');
  });
});

describe('risoluto run, refused', () => {
  it.each([
    [['run', '--', 'true'], /required option '--issue <issue>'/],
    [['run', '--issue', 'CLI-1'], /give a command, best behind --, or an agent/],
    [['run', '--issue', 'CLI-1', '--agent', 'shouter'], /--agent: needs --prompt/],
    [
      ['run', '--issue', 'CLI-1', '--netwrok', '--', 'true'],
      /'--netwrok'\n {2}\(Did you mean --network\?\)/,
    ],
    [['run', '--issue', 'CLI-1', '--env', 'CI', '--', 'true'], /--env: must be NAME=VALUE/],
    [
      ['run', '--issue', 'CLI-1', '--timeout', 'soon', '--', 'true'],
      /--timeout: must be a whole number/,
    ],
    [['rnu'], /unknown command 'rnu'\n {2}\(Did you mean run\?\)/],
  ])('%j: a wrong command line is 120', async (argv, message) => {
    const result = await risoluto(argv, { env });
    expect(result).toMatchObject({ code: 120, stdout: '' });
    expect(result.stderr).toMatch(message);
  });

  it('names the code and each field of what the service refuses: 121', async () => {
    const result = await sh(['--timeout', '604800'], 'true');
    expect(result).toMatchObject({ code: 121, stdout: '' });
    expect(result.stderr).toMatch(/^risoluto: policy_widened: .*\n {2}timeoutSeconds: /);
    const json = await sh(['--json', '--timeout', '604800'], 'true');
    expect(JSON.parse(json.stderr).error).toMatchObject({
      code: 'policy_widened',
      details: [{ field: 'timeoutSeconds' }],
    });
  });

  it('ends with 122 without the right token, wherever it comes from', async () => {
    const argv = ['run', '--issue', 'CLI-1', '--', 'true'];
    for (const token of ['', 'a-wrong-token-of-that-length']) {
      const result = await risoluto(argv, { env: { ...env, RISOLUTO_WRITE_TOKEN: token } });
      expect(result).toMatchObject({ code: 122, stdout: '' });
      expect(result.stderr).toMatch(/^risoluto: write_unauthorized: /);
    }
  });

  it('ends with 123 where no service is, soon or after the time for it', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const argv = ['run', '--issue', 'CLI-1', '--reconnect-timeout', '1', '--', 'true'];
    const result = await risoluto(argv, { env: { RISOLUTO_URL: url } });
    expect(result).toMatchObject({ code: 123, stdout: '' });
    expect(result.stderr).toContain(`${url} cannot be reached (ECONNREFUSED)`);
  });
});

async function setSecretWithToken(name: string, value: string): Promise<void> {
  const answer = await service.api('PUT', `/api/v1/secrets/${name}`, {
    body: { value },
    token: TOKEN,
  });
  expect(answer.status, answer.text).toBe(204);
}

function pairs(variables: Record<string, string>): string[] {
  return Object.entries(variables).map(([name, value]) => `${name}=${value}`);
}
