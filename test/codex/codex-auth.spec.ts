import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { leaksBelow, leaksIn, leaksInProcesses } from '../leaks/canaries.js';
import { leaksInMemory } from '../leaks/memory.js';
import { containersOf } from '../runs/leftovers.js';
import { awaitRun } from '../runs/turn-questions.js';
import { until } from '../runs/until.js';
import { answerJson, TokenImpostor } from '../support/codex-login/token-impostor.js';
import { engine, inside } from '../support/engine.js';
import type { ModelProvider, ProviderRequest } from '../support/model-provider/model-provider.js';
import {
  message,
  reply,
  runs,
  says,
  shellCall,
  type ModelReply,
} from '../support/model-provider/model-reply.js';
import { PROVIDER_URL, startWorldProvider } from '../support/model-provider/world-provider.js';
import { createRun, runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { codexRun, eventsOf } from './codex-service.js';
import { codexSettings } from './codex-settings.js';
import { canariesOf, HostLogin, newTokens, type LoginTokens } from './host-login.js';
import { RUNTIMES_TRIED } from './runtimes-tried.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** What becomes of the tokens that the provider sends back. */
const TOLD = 'told ***';
const PLACEHOLDER = { 'what Codex has in the place of a key': 'held-by-risoluto' };

/** All files, and all that processes were started with. */
const EVERYTHING =
  'cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline /proc/[0-9]*/mountinfo 2>/dev/null; ' +
  'find / -xdev -type f -size -4M \\( -path "/etc/*" -o -path "/var/*" -o -path "/root/*" \\) -exec cat {} + 2>/dev/null; ' +
  'find /home/agent /tmp /workspace /dev/shm -type f -exec cat {} + 2>/dev/null';

describe.each(RUNTIMES_TRIED)('Codex with the login of the host, %s', (runtime) => {
  const endpoint = new TokenImpostor();
  const host = new HostLogin();
  let provider: ModelProvider;
  let service: RunningService;
  beforeAll(async () => {
    await endpoint.start();
    provider = await startWorldProvider();
    host.write(newTokens('first', HOUR));
    const route = { name: 'model', upstream: PROVIDER_URL, plainHttp: true };
    const credentialRoutes = [{ ...route, codexAuth: host.path, refreshUrl: endpoint.url }];
    service = await startService({
      env: { RISOLUTO_LOG_LEVEL: 'trace' },
      yaml: codexSettings({
        sandbox: { credentialRoutes, security: { gvisor: runtime === 'runsc' } },
      }),
    });
  });
  beforeEach(() => {
    endpoint.asked.length = 0;
    endpoint.answer = (res) => answerJson(res, 500, {});
  });
  afterAll(async () => {
    await service?.stop();
    await provider?.close();
    endpoint.stop();
    host.remove();
  });

  const renewsTo = ({ access, refresh, id }: LoginTokens) => {
    endpoint.answer = (res) =>
      answerJson(res, 200, { access_token: access, refresh_token: refresh, id_token: id });
  };
  const askedWith = () => endpoint.asked.map(({ body }) => body.refresh_token);
  const bearers = (mark: string) => provider.asked(mark).map(bearerOf);
  const renewals = async () => {
    const { body } = await service.api(
      'GET',
      '/api/v1/audit?limit=200&action=codex_auth.refreshed',
    );
    return (body.items as { details: { because: string } }[]).map(({ details }) => details.because);
  };

  /** What the service keeps, says and prints of these, the whole machine and one run considered. */
  const leaksOutside = async (runId: string, canaries: Record<string, string>) => {
    const places = ['', '/output', '/output?raw=true', '/egress', '/sandbox', '/diff'];
    const told = places.map((place) => `/api/v1/runs/${runId}${place}`);
    const answers = [...told, '/api/v1/audit?limit=200', '/api/v1/config', '/metrics'];
    const texts = await Promise.all(
      answers.map(async (path) => {
        const answer = await service.api('GET', path);
        expect(answer.status, path).toBe(200);
        return leaksIn(answer.text, canaries).map((leak) => `${path}: ${leak}`);
      }),
    );
    return [
      ...texts.flat(),
      ...leaksIn(service.logs(), canaries).map((leak) => `log: ${leak}`),
      ...(await leaksBelow(service.dataDir, canaries)),
      ...(await leaksBelow(service.workspacesDir, canaries)),
      ...(await leaksInProcesses(canaries, () => false)),
    ];
  };

  it('works, and no token of it is in the sandbox, not even where the provider sends one back', async () => {
    const now = newTokens('used', HOUR);
    host.write(now);
    const before = host.state();
    const canaries = canariesOf({ now });
    const call =
      'curl -s -H "Authorization: Bearer of-the-sandbox" -H "chatgpt-account-id: of-the-sandbox" ' +
      '"$RISOLUTO_ROUTE_MODEL/models?from=AUTH"; until [ -e /tmp/go ]; do sleep 0.1; done';
    provider.script(
      'AUTH-MARK',
      reply([
        message(`told ${now.access} ${now.refresh} ${now.id} of it`),
        shellCall(call, { yield_time_ms: 120_000 }),
      ]),
      says('Done.'),
    );

    const id = await createRun(service, codexRun('AUTH-1', 'AUTH-MARK please'));
    const own = await until(
      'the command’s own request',
      () =>
        Promise.resolve(provider.requests.find(({ path }) => path.endsWith('from=AUTH')) ?? null),
      MINUTE,
    );
    const [container = ''] = await containersOf(service, id);
    const searched = await until('Codex to keep what it was told', async () => {
      const seen = Buffer.from(await inside(container, `(${EVERYTHING}) | base64 -w0`), 'base64');
      return seen.includes(TOLD) || leaksIn(seen, canaries).length > 0 ? seen : null;
    });
    const inSandbox = { ...canaries, account: host.account };
    expect(leaksIn(searched, inSandbox)).toEqual([]);
    expect(searched.includes('CODEX_MODEL_KEY=held-by-risoluto')).toBe(true);
    // The memory of a sandbox of gVisor's is one sparse file, which a search would fill.
    if (runtime === 'runc') {
      expect(namesOf(await leaksInMemory(container, { ...inSandbox, ...PLACEHOLDER }))).toEqual(
        Object.keys(PLACEHOLDER),
      );
    }
    const docker = engine().getContainer(container);
    expect(leaksIn(JSON.stringify(await docker.inspect()), inSandbox)).toEqual([]);
    const logs = await docker.logs({ stdout: true, stderr: true, follow: false });
    expect(leaksIn(logs, inSandbox)).toEqual([]);
    expect(logs.includes(TOLD)).toBe(true);
    expect(await leaksOutside(id, inSandbox)).toEqual([]);
    await inside(container, 'touch /tmp/go');

    expect(await awaitRun(service, id), service.logs()).toMatchObject({ status: 'succeeded' });
    const asked = [...provider.asked('AUTH-MARK'), own];
    expect(asked).toHaveLength(3);
    expect(asked.map(bearerOf)).toEqual([now.access, now.access, now.access]);
    expect(asked.map(({ headers }) => headers['chatgpt-account-id'])).toEqual(
      [1, 2, 3].map(() => host.account),
    );
    const sent = asked.map(({ body }) => body).join('\n');
    expect(leaksIn(sent, inSandbox)).toEqual([]);
    expect(await leaksOutside(id, inSandbox)).toEqual([]);
    expect(endpoint.asked).toEqual([]);
    expect(host.state()).toEqual(before);
  });

  it('goes on after a 401 with a token that the service has fetched, in the same turn', async () => {
    const [old, now] = [newTokens('old', HOUR), newTokens('new', HOUR)];
    host.write(old);
    renewsTo(now);
    const before = host.state();
    const because = await renewals();
    provider.script('UNAUTHORIZED-MARK', runs('echo one'), unauthorized(old), says('Done.'));

    const run = await runToEnd(service, codexRun('AUTH-2', 'UNAUTHORIZED-MARK please'));

    expect(run, service.logs()).toMatchObject({ status: 'succeeded' });
    expect(bearers('UNAUTHORIZED-MARK')).toEqual([old.access, old.access, now.access]);
    expect(askedWith()).toEqual([old.refresh]);
    expect(await renewals()).toEqual(['unauthorized', ...because]);
    const errors = (await eventsOf(service, run.id)).filter(({ event }) => event.type === 'error');
    expect(JSON.stringify(errors)).toMatch(/401 Unauthorized: not \*+, nor \*+,/);
    expect(await leaksOutside(run.id, canariesOf({ old, now }))).toEqual([]);
    expect(host.state()).toEqual(before);
  });

  it('has its token renewed before it ends, without a word to Codex, and after a kill of the service', async () => {
    const [old, now] = [newTokens('old', 2 * MINUTE), newTokens('new', HOUR)];
    host.write(old);
    renewsTo(now);
    const before = host.state();
    const because = await renewals();
    provider.script('EXPIRY-MARK', runs('sleep 2'), says('Done.'));

    const run = await runToEnd(service, codexRun('AUTH-3', 'EXPIRY-MARK please'));

    expect(run, service.logs()).toMatchObject({ status: 'succeeded' });
    expect(bearers('EXPIRY-MARK').at(-1)).toBe(now.access);
    expect(askedWith()).toEqual([old.refresh]);
    expect(await renewals()).toEqual(['expiry', ...because]);
    await service.kill9();
    expect(await leaksBelow(service.dataDir, canariesOf({ old, now }))).toEqual([]);
    await service.start();
    provider.script('AFTER-MARK', says('Done.'));

    const after = await runToEnd(service, codexRun('AUTH-3', 'AFTER-MARK please'));

    expect(after, service.logs()).toMatchObject({ status: 'succeeded' });
    expect(bearers('AFTER-MARK')).toEqual([now.access]);
    expect(askedWith()).toEqual([old.refresh]);
    expect(await leaksOutside(after.id, canariesOf({ old, now }))).toEqual([]);
    expect(host.state()).toEqual(before);
  });

  it('waits for its token where that has ended already', async () => {
    const [old, now] = [newTokens('old', -MINUTE), newTokens('new', HOUR)];
    host.write(old);
    renewsTo(now);
    provider.script('ENDED-MARK', says('Done.'));

    const run = await runToEnd(service, codexRun('AUTH-4', 'ENDED-MARK please'));

    expect(run, service.logs()).toMatchObject({ status: 'succeeded' });
    expect(bearers('ENDED-MARK')).toEqual([now.access]);
    expect(await leaksOutside(run.id, canariesOf({ old, now }))).toEqual([]);
  });
});

/** As a provider that repeats what it refuses. */
function unauthorized({ access, refresh }: LoginTokens): ModelReply {
  const error = { message: `not ${access}, nor ${refresh}`, type: 'of_tests' };
  const headers = { 'www-authenticate': `Bearer error="${access}"` };
  return { kind: 'status', status: 401, headers, body: { error } };
}

/** Of those values of which there is a leak, in whatever form. */
function namesOf(leaks: readonly string[]): string[] {
  return [...new Set(leaks.map((leak) => leak.replace(/ \(.*/, '')))];
}

function bearerOf({ headers }: ProviderRequest): string | undefined {
  return headers.authorization?.replace(/^Bearer /, '');
}
