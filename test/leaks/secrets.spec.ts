import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { engine } from '../support/engine.js';
import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { leaksBelow, leaksIn, leaksInProcesses, newCanary, newTokenCanary } from './canaries.js';

const NAMED = newCanary('named');
const OTHERS = {
  'a secret that no run named': newCanary('unnamed'),
  'the master key': newTokenCanary('master'),
  'the write token': newTokenCanary('write'),
  'the read token': newTokenCanary('read'),
};
const ALL = { 'a named secret': NAMED, ...OTHERS };
const docker = engine();
const startedAt = Math.floor(Date.now() / 1000);

let service: RunningService;

beforeAll(async () => {
  service = await startService({
    yaml: { rateLimits: { api: { limit: 100_000 } } },
    env: {
      MASTER_KEY: ALL['the master key'],
      RISOLUTO_WRITE_TOKEN: ALL['the write token'],
      RISOLUTO_READ_TOKEN: ALL['the read token'],
      RISOLUTO_LOG_LEVEL: 'trace',
    },
  });
  await put('NAMED', NAMED);
  await put('UNNAMED', ALL['a secret that no run named']);
});

afterAll(() => service.stop());

const token = { token: ALL['the write token'] };

async function put(key: string, value: string): Promise<void> {
  const answer = await service.api('PUT', `/api/v1/secrets/${key}`, { ...token, body: { value } });
  expect(answer.status, answer.text).toBe(204);
}

const shell = (script: string) => ({ issue: 'LEAK-1', command: ['sh', '-c', script] });

async function containerOf(run: string): Promise<string> {
  for (;;) {
    const found = await docker.listContainers({ filters: { label: [`risoluto.run=${run}`] } });
    if (found[0] !== undefined) return found[0].Id;
    await sleep(50);
  }
}

/** A run that holds the secret and stays until it is told to go. */
async function liveRun(script: string): Promise<{ run: string; container: string }> {
  const run = await createRun(service, { ...shell(script), secrets: ['NAMED'] }, token);
  const container = await containerOf(run);
  await expect
    .poll(async () => (await service.api('GET', `/api/v1/runs/${run}`)).body.status, {
      timeout: 30_000,
    })
    .toBe('running');
  await sleep(500);
  return { run, container };
}

describe('the search', () => {
  it('finds a value in every form, wherever it stands', () => {
    for (const shift of ['', 'x', 'xy']) {
      expect(
        leaksIn(`..${Buffer.from(`${shift}${NAMED}z`).toString('base64')}..`, ALL),
      ).toHaveLength(1);
      expect(leaksIn(Buffer.from(`${shift}${NAMED}`).toString('base64url'), ALL)).toHaveLength(1);
    }
    expect(leaksIn(`a${NAMED}b`, ALL)).toEqual(['a named secret (raw)']);
    expect(leaksIn(JSON.stringify({ a: NAMED }), ALL)).toContain('a named secret (json)');
    expect(leaksIn(Buffer.from(NAMED).toString('hex').toUpperCase(), ALL)).toHaveLength(1);
    expect(leaksIn(encodeURIComponent(NAMED), ALL)).toEqual(['a named secret (url)']);
    expect(leaksIn('nothing of the kind', ALL)).toEqual([]);
  });
});

describe('while a command holds a secret', () => {
  it('the engine, its processes and this machine’s do not show it', async () => {
    const { run, container } = await liveRun('echo started; sleep 5');
    const inspected = await docker.getContainer(container).inspect();
    expect(leaksIn(JSON.stringify(inspected), ALL)).toEqual([]);
    expect(leaksIn(JSON.stringify(await docker.getImage(inspected.Image).inspect()), ALL)).toEqual(
      [],
    );
    expect(leaksIn(await logsOf(container), ALL)).toEqual([]);
    expect((await logsOf(container)).toString()).toContain('started');

    const inSandbox = (_pid: number, cgroup: string) => cgroup.includes(container);
    const ownEnvironment = (pid: number) => pid === service.pid;
    expect(
      await leaksInProcesses(ALL, (pid, cgroup) => inSandbox(pid, cgroup) || ownEnvironment(pid)),
    ).toEqual([]);
    const control = await leaksInProcesses(ALL, (pid, cgroup) => !inSandbox(pid, cgroup));
    expect(control.join('\n')).toMatch(/environ: a named secret \(raw\)/);
    expect(new Set(control.map((leak) => leak.replace(/^.*: /, '')))).toEqual(
      new Set(['a named secret (raw)']),
    );
    expect((await finishRun(asReader(), run)).status).toBe('succeeded');
  });

  it('the engine’s log has what the command itself printed, and goes with the container', async () => {
    const { run, container } = await liveRun('echo "$NAMED"; sleep 3');
    expect(leaksIn(await logsOf(container), ALL)).toEqual(['a named secret (raw)']);
    const { stdout, status } = await finishRun(asReader(), run);
    expect([status, stdout]).toEqual(['succeeded', '***\n']);
    await expect(docker.getContainer(container).inspect()).rejects.toMatchObject({
      statusCode: 404,
    });
  });
});

describe('inside a sandbox', () => {
  it('no environment and no arguments hold what the run did not name', async () => {
    const script = 'for p in /proc/[0-9]*; do cat $p/environ $p/cmdline; done 2>/dev/null | base64';
    const run = await runToEnd(asReader(), { ...shell(script), env: { CONTROL: 'is-seen' } });
    const seen = Buffer.from(run.stdout, 'base64');
    expect(seen.toString()).toContain('CONTROL=is-seen');
    expect(leaksIn(seen, ALL)).toEqual([]);
    expect(seen.toString()).not.toMatch(/MASTER_KEY|RISOLUTO_|DATA_DIR/);
  });
});

describe('after commands that tried to print it', () => {
  it.each<[string, string[], string]>([
    ['as it is, and fails', ['sh', '-c', 'echo "$NAMED"; echo "$NAMED" >&2; exit 3'], 'failed'],
    [
      'encoded',
      ['sh', '-c', 'printf %s "$NAMED" | base64 -w0; printf x%s "$NAMED" | base64'],
      'succeeded',
    ],
    [
      'in hex, slowly',
      [
        'sh',
        '-c',
        'printf %s "$NAMED" | od -An -v -tx1 | tr -d " \\n" | fold -w3 | while read a; do printf %s "$a"; sleep 0.02; done',
      ],
      'succeeded',
    ],
    ['percent-encoded', ['sh', '-c', 'printf %s "$NAMED" | jq -sRr @uri'], 'succeeded'],
    ['as the name of a command', ['sh', '-c', 'exec "$NAMED"'], 'failed'],
    ['with a command that does not exist', ['no-such-command-anywhere'], 'failed'],
    ['with its environment', ['env'], 'succeeded'],
    ['as JSON', ['jq', '-n', 'env'], 'succeeded'],
  ])('%s', async (_what, command, status) => {
    const run = await runToEnd(asReader(), { issue: 'LEAK-1', command, secrets: ['NAMED'] });
    expect(run.status, run.stderr).toBe(status);
    expect(leaksIn(JSON.stringify(run), ALL)).toEqual([]);
    expect(leaksIn(run.stdout + run.stderr, ALL)).toEqual([]);
  });

  it('no refusal repeats a value that it refuses', async () => {
    const good = { issue: 'LEAK-1', command: ['true'] };
    const value = NAMED;
    const bodies: unknown[] = [
      { ...good, command: ['true', `${value}\0`] },
      { ...good, command: ['true', value.repeat(6000)] },
      { ...good, env: { A: `${value}\0` } },
      { ...good, env: { PATH: value } },
      { ...good, env: { A: { B: value } } },
      { ...good, image: value },
      { ...good, issue: value },
      { ...good, timeoutSeconds: value },
      { ...good, policy: { threadSandbox: value } },
      { ...good, policy: { resources: { memory: value } } },
      `{"issue":"A","command":["${'x'.repeat(50)}"],${JSON.stringify(value)}`,
    ];
    for (const body of bodies) {
      const answer = await service.api('POST', '/api/v1/runs', { ...token, body });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(leaksIn(answer.text + JSON.stringify(answer.headers), ALL), answer.text).toEqual([]);
    }
    for (const body of [
      { value, extra: value },
      { value: [value] },
      { value: value.repeat(4000) },
    ]) {
      const answer = await service.api('PUT', '/api/v1/secrets/NAMED', { ...token, body });
      expect([answer.status, leaksIn(answer.text, ALL)]).toEqual([400, []]);
    }
    const wrong = await service.api('PUT', '/api/v1/secrets/NAMED', {
      token: ALL['the read token'],
      body: { value },
    });
    expect([wrong.status, leaksIn(wrong.text, ALL)]).toEqual([401, []]);
  });

  it('no answer of the API holds it', async () => {
    const { paths } = (await service.api('GET', '/api/v1/openapi.json')).body;
    const { items } = (await service.api('GET', '/api/v1/runs?limit=200', token)).body;
    const reads = Object.keys(paths).filter((path) => 'get' in paths[path]);
    expect(reads.length).toBeGreaterThan(10);
    for (const path of ['/docs', '/docs/swagger-ui-init.js', ...reads]) {
      for (const { id } of path.includes('{id}') ? items : [{ id: '' }]) {
        for (const accept of ['*/*', 'text/event-stream', 'text/plain']) {
          const headers = { accept };
          const { text, headers: answered } = await service.api('GET', path.replace('{id}', id), {
            ...token,
            headers,
          });
          expect(leaksIn(text + JSON.stringify(answered), ALL), path).toEqual([]);
        }
      }
    }
  });

  it('neither the service’s log nor any file of its own holds it', async () => {
    await sleep(500);
    expect(service.logs()).toContain('"msg":"request"');
    expect(leaksIn(service.logs(), ALL)).toEqual([]);
    expect(await leaksBelow(service.dataDir, ALL)).toEqual([]);
    expect(await leaksBelow(service.workspacesDir, ALL)).toEqual([]);
    const clean = await service.terminate();
    expect(clean.code).toBe(0);
    expect(leaksIn(service.logs(), ALL)).toEqual([]);
    expect(await leaksBelow(service.dataDir, ALL)).toEqual([]);
    await service.start();
  });

  it('the engine’s events do not hold it', async () => {
    const until = Math.floor(Date.now() / 1000) + 1;
    const events = await docker.getEvents({ since: startedAt, until });
    const chunks: Buffer[] = [];
    for await (const chunk of events) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks);
    expect(text.toString()).toContain('risoluto.run');
    expect(leaksIn(text, ALL)).toEqual([]);
  });

  it('a file that a command made of it is found, so the search would have found the others', async () => {
    await runToEnd(asReader(), { ...shell('printf %s "$NAMED" > kept'), secrets: ['NAMED'] });
    expect(await leaksBelow(service.workspacesDir, ALL)).toEqual([
      expect.stringMatching(/LEAK-1\/kept: a named secret \(raw\)$/),
    ]);
  });
});

/** The service with its write token on every request. */
function asReader(): RunningService {
  const api: RunningService['api'] = (method, path, request) =>
    service.api(method, path, { ...token, ...request });
  return Object.assign(Object.create(service) as RunningService, { api });
}

function logsOf(container: string): Promise<Buffer> {
  return docker.getContainer(container).logs({ stdout: true, stderr: true, follow: false });
}
