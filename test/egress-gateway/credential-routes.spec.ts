import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { leaksBelow, leaksIn, leaksInProcesses, newTokenCanary } from '../leaks/canaries.js';
import { askTurn, awaitRun, keptRun, turnToEnd } from '../runs/turn-questions.js';
import { sh } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { engine } from '../support/engine.js';
import { itAlike } from '../support/long-form.js';
import { runToEnd } from '../support/runs.js';
import { expectNoRemains } from '../support/remains.js';
import type { RunningService } from '../support/service.js';
import { world, type Recorded } from '../support/world.js';
import { setSecret, startRouted } from './route-service.js';
import { RUNTIMES, Sandbox } from './sandboxes.js';

const SECRET = newTokenCanary('routed');
const CANARIES = { 'the secret of the route': SECRET };
const STARS = '*'.repeat(SECRET.length);
const ALL = ['model', 'listed', 'seldom', 'keyed', 'untrusted', 'private'];

/** What curl got; the last line is the status. */
const curl = (url: string, more = '') => `curl -s -w '\\n%{http_code}' ${more} "${url}" || true`;

const requestsTo = (host: string): Recorded[] =>
  world.requests().filter((request) => request.host === host);

describe.each(RUNTIMES)('a credential route, %s', (runtime) => {
  const alike = itAlike(runtime);
  let service: RunningService;
  let sandbox: Sandbox;

  beforeAll(async () => {
    service = await startRouted(runtime, SECRET);
    sandbox = await Sandbox.start(service, 'ROUTE-1', {
      networkAccess: false,
      credentialRoutes: ALL,
    });
  });
  afterAll(() => service?.stop());

  it('S5 adds the secret outside, which neither the sandbox nor the echo of an upstream shows', async () => {
    await world.clear();
    const names = await sandbox.bash('env | grep -o "^RISOLUTO_ROUTE_[A-Z]*" | sort | xargs');
    expect(names.trim().split(' ')).toEqual(
      ALL.map((name) => `RISOLUTO_ROUTE_${name.toUpperCase()}`).toSorted(),
    );
    const echoed = await sandbox.bash(
      curl('$RISOLUTO_ROUTE_MODEL/headers?q=1', '-H "Authorization: Bearer mine" -H "X-Mine: 1"'),
    );
    expect(echoed).toContain(`"authorization":"Bearer ${STARS}"`);
    expect(echoed.trim().endsWith('\n200')).toBe(true);
    expect(requestsTo('model.wild.test')).toMatchObject([
      { secure: true, serverName: 'model.wild.test', method: 'GET', path: '/headers?q=1' },
    ]);
    expect(requestsTo('model.wild.test')[0]?.headers).toMatchObject({
      authorization: `Bearer ${SECRET}`,
      'x-mine': '1',
    });
    await sandbox.bash(curl('$RISOLUTO_ROUTE_KEYED/headers', '-H "Authorization: Bearer mine"'));
    const keyed = requestsTo('keyed.wild.test')[0]?.headers;
    expect(keyed).toMatchObject({ 'x-api-key': SECRET });
    expect(keyed).not.toHaveProperty('authorization');
    const decided = await sandbox.untilDecided(
      'both',
      (all) => all.length === 2 && all.every(({ durationMs }) => durationMs !== null),
    );
    expect(decided).toMatchObject([
      { host: 'model.wild.test', port: 443, allowed: true, rule: null, route: 'model' },
      { host: 'keyed.wild.test', port: 443, allowed: true, rule: null, route: 'keyed' },
    ]);
    expect(decided[0]).toMatchObject({ method: 'GET', path: '/headers', status: 200, bytesUp: 0 });
    expect(decided[0]?.bytesDown).toBeGreaterThan(SECRET.length);
  });

  it('is all that a turn without network access reaches', async () => {
    await world.clear();
    const gateway = '${RISOLUTO_ROUTE_MODEL%/r/model}';
    const tried = await sandbox.bash(
      [
        'echo "proxy=$HTTP_PROXY"',
        curl('https://model.wild.test/headers', '-k --max-time 3'),
        curl('http://other.test/', `-x "${gateway}" --max-time 3`),
        curl('https://other.test/', `-k -x "${gateway}" --max-time 3 -w '%{http_connect}'`),
      ].join('; '),
    );
    expect(tried).toContain('proxy=\n');
    expect(tried).toContain('This turn has no network access');
    expect(tried).toContain('403');
    expect(world.requests()).toEqual([]);
    const decided = await sandbox.decisions('&allowed=false');
    expect(decided.map(({ host, port, reason }) => `${host}:${port} ${reason}`)).toEqual([
      'other.test:80 no_network_access',
      'other.test:443 no_network_access',
    ]);
  });

  alike('streams both ways, WebSockets too, and ends upstream when the client does', async () => {
    await world.clear();
    const trickle = await sandbox.bash(
      'curl -sN "$RISOLUTO_ROUTE_MODEL/trickle/10" | while read line; do date +%s%3N; done',
    );
    const times = trickle.trim().split('\n').map(Number);
    expect(times).toHaveLength(10);
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(500);
    const echoed = await sandbox.bash(
      'head -c 20000000 /dev/zero | tr "\\0" w | curl -s -T - -X POST "$RISOLUTO_ROUTE_MODEL/echo" | sha256sum; ' +
        'head -c 20000000 /dev/zero | tr "\\0" w | sha256sum',
    );
    const [got, right] = echoed.trim().split('\n');
    expect(got).toBe(right);
    const spoken = await sandbox.bash(
      'node /tmp/probes/route-socket.mjs "$RISOLUTO_ROUTE_MODEL/socket" "hello there"',
    );
    expect(spoken).toBe('HTTP/1.1 101 Switching Protocols hello there\n');
    await sandbox.bash('curl -s --max-time 1 "$RISOLUTO_ROUTE_MODEL/trickle/1000" || true');
    const all = await sandbox.untilDecided('the end of the long stream', (decided) =>
      decided.every(({ durationMs }) => durationMs !== null),
    );
    const long = all.find(({ path }) => path === '/trickle/1000');
    expect(long).toMatchObject({ status: 200, allowed: true });
    expect(long?.durationMs).toBeLessThan(10_000);
  });

  alike('is refused with its reason where it may not be used so', async () => {
    await world.clear();
    const cases = [
      [curl('$RISOLUTO_ROUTE_LISTED/headers'), '200', ''],
      [curl('$RISOLUTO_ROUTE_LISTED/bytes/3'), '200', 'www'],
      [curl('$RISOLUTO_ROUTE_LISTED/echo'), '403', 'does not take this path'],
      [curl('$RISOLUTO_ROUTE_LISTED/bytes/../echo', '--path-as-is'), '403', 'read in two ways'],
      [curl('$RISOLUTO_ROUTE_LISTED/bytes/%2e%2e/echo'), '403', 'read in two ways'],
      [curl('$RISOLUTO_ROUTE_LISTED/bytes/..%2fecho'), '403', 'read in two ways'],
      [curl('$RISOLUTO_ROUTE_LISTED//headers'), '403', 'read in two ways'],
      [curl('$RISOLUTO_ROUTE_LISTED/headers', '-X POST'), '403', 'takes GET'],
      [curl('$RISOLUTO_ROUTE_UNTRUSTED/headers'), '502', 'did not prove by TLS'],
      [curl('$RISOLUTO_ROUTE_PRIVATE/headers'), '403', 'not reachable from here'],
      [curl('${RISOLUTO_ROUTE_MODEL%/model}/nobody/x'), '403', 'has not named'],
    ] as const;
    for (const [script, status, text] of cases) {
      const answer = (await sandbox.bash(script)).trimEnd();
      expect(answer.split('\n').at(-1), `${script}: ${answer}`).toBe(status);
      expect(answer).toContain(text);
    }
    expect(world.requests().map(({ path }) => path)).toEqual(['/headers', '/bytes/3']);
    const seldom = await sandbox.bash(
      'for n in 1 2 3; do curl -s -o /dev/null -D - "$RISOLUTO_ROUTE_SELDOM/headers" | grep -iE "^(http|retry-after)"; done',
    );
    expect(seldom).toMatch(/200 OK[^]*200 OK[^]*429 [^]*retry-after: \d+/i);
  });

  alike('S6 hands a redirect back, and the secret goes nowhere else', async () => {
    const open = await Sandbox.start(service, 'ROUTE-2', { credentialRoutes: ['model'] });
    await world.clear();
    const followed = await open.bash(
      curl('$RISOLUTO_ROUTE_MODEL/redirect?to=https://evil.test/headers', '-kL'),
    );
    expect(followed.trim().endsWith('200')).toBe(true);
    // The positive control: the redirect was followed, by the sandbox, through its proxy.
    expect(requestsTo('evil.test')).toHaveLength(1);
    expect(leaksIn(JSON.stringify(requestsTo('evil.test')), CANARIES)).toEqual([]);
    expect(leaksIn(JSON.stringify(requestsTo('model.wild.test')), CANARIES)).not.toEqual([]);
    const closed = await sandbox.bash(
      curl('$RISOLUTO_ROUTE_MODEL/redirect?to=https://evil.test/headers', '-o /dev/null -D -'),
    );
    expect(closed).toMatch(/302 Found[^]*location: https:\/\/evil\.test\/headers/i);
    expect(requestsTo('evil.test')).toHaveLength(1);
    const other = await Sandbox.start(service, 'ROUTE-3', { credentialRoutes: ['keyed'] });
    const borrowed = await other.bash(curl('${RISOLUTO_ROUTE_KEYED%/keyed}/model/headers'));
    expect(borrowed).toContain('has not named the credential route "model"');
    await Promise.all([open.end(), other.end()]);
  });

  it('shows the secret in no place of this machine but the service itself', async () => {
    const { container, runId } = sandbox;
    const inspected = await engine().getContainer(container).inspect();
    const inside = await sandbox.bash(
      'cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null; env; grep -r . /tmp /home/agent /workspace 2>/dev/null | head -c 4000000',
    );
    expect(inside).toContain('RISOLUTO_ROUTE_MODEL');
    const places: Record<string, string> = {
      inspect: JSON.stringify(inspected),
      inside,
      logs: service.logs(),
    };
    const paths = ['', '/output', '/egress', '/sandbox'].map(
      (end) => `/api/v1/runs/${runId}${end}`,
    );
    for (const path of [
      ...paths,
      '/api/v1/audit',
      '/api/v1/config',
      '/metrics',
      '/api/v1/runtime',
    ]) {
      places[path] = (await service.api('GET', path)).text;
    }
    for (const [place, text] of Object.entries(places)) {
      expect(leaksIn(text, CANARIES), place).toEqual([]);
      expect(text, place).not.toBe('');
    }
    expect(await leaksBelow(service.dataDir, CANARIES)).toEqual([]);
    expect(await leaksInProcesses(CANARIES, () => false)).toEqual([]);
    const report = places[`/api/v1/runs/${runId}/sandbox`] ?? '';
    expect(JSON.parse(report)).toMatchObject({
      controls: expect.arrayContaining([
        expect.objectContaining({ name: 'credentialRoutes', value: ALL, source: 'request' }),
      ]) as unknown,
    });
  });

  alike(
    'goes on where the service was killed, with what the run named and nothing else',
    async () => {
      await service.kill9();
      await service.start();
      await until('the route to be served again', async () => {
        const answer = await sandbox.bash(curl('$RISOLUTO_ROUTE_MODEL/headers', '--max-time 2'));
        return answer.includes(`Bearer ${STARS}`) ? true : null;
      });
      const refused = await sandbox.bash(
        curl('http://other.test/', '-x "${RISOLUTO_ROUTE_MODEL%/r/model}" --max-time 3'),
      );
      expect(refused).toContain('This turn has no network access');
    },
  );

  alike(
    'acts within a second on what runs when its secret changes or goes, or the route does',
    async () => {
      const stream = async (file: string): Promise<void> => {
        await sandbox.background(
          `curl -sN "$RISOLUTO_ROUTE_MODEL/trickle/600" >${file}; date +%s%3N >${file}.end`,
        );
        await until(`${file} to come`, async () =>
          (await sandbox.bash(`cat ${file} 2>/dev/null || true`)).includes('world') ? true : null,
        );
      };
      const cutAt = (file: string): Promise<number> =>
        until(`${file} to be cut`, async () => {
          const end = await sandbox.bash(`cat ${file}.end 2>/dev/null || true`);
          return end.trim() === '' ? null : Number(end);
        });
      const other = newTokenCanary('changed');

      await stream('/tmp/changed');
      await setSecret(service, other);
      let done = Date.now();
      expect((await cutAt('/tmp/changed')) - done).toBeLessThan(1000);
      await world.clear();
      await sandbox.bash(curl('$RISOLUTO_ROUTE_MODEL/headers'));
      expect(requestsTo('model.wild.test')[0]?.headers).toMatchObject({
        authorization: `Bearer ${other}`,
      });

      await stream('/tmp/deleted');
      expect((await service.api('DELETE', '/api/v1/secrets/ROUTE_KEY')).status).toBe(204);
      done = Date.now();
      expect((await cutAt('/tmp/deleted')) - done).toBeLessThan(1000);
      const without = await sandbox.bash(curl('$RISOLUTO_ROUTE_MODEL/headers'));
      expect(without).toContain('the secret ROUTE_KEY does not exist');
      expect(without.trim().endsWith('503')).toBe(true);

      await setSecret(service, SECRET);
      await stream('/tmp/removed');
      const overlay = await service.api('PATCH', '/api/v1/config/overlay', {
        body: { codex: { sandbox: { credentialRoutes: [] } } },
        headers: { 'content-type': 'application/merge-patch+json' },
      });
      expect(overlay.status, overlay.text).toBe(200);
      done = Date.now();
      expect((await cutAt('/tmp/removed')) - done).toBeLessThan(1000);
      expect(await sandbox.bash(curl('$RISOLUTO_ROUTE_MODEL/headers'))).toContain('has not named');
      const cut = await sandbox.untilDecided(
        'three cuts',
        (all) => all.filter(({ reason }) => reason === 'route_revoked').length === 3,
      );
      expect(cut.length).toBeGreaterThan(3);
      const unknown = await service.api('POST', '/api/v1/runs', {
        body: { issue: 'ROUTE-9', command: ['true'], credentialRoutes: ['model'] },
      });
      expect([unknown.status, unknown.body.error.code]).toEqual([422, 'credential_route_unknown']);
      const back = await service.api('PUT', '/api/v1/config/overlay', { body: {} });
      expect(back.status, back.text).toBe(200);
    },
  );

  it('leaves no secret that the run holds itself in what is written down', async () => {
    const own = newTokenCanary('own');
    const set = await service.api('PUT', '/api/v1/secrets/OWN', { body: { value: own } });
    expect(set.status, set.text).toBe(204);
    await world.clear();
    const { id } = await runToEnd(service, {
      issue: 'ROUTE-5',
      command: sh('curl -s "$RISOLUTO_ROUTE_MODEL/headers/$OWN?of=$OWN" -o /dev/null'),
      credentialRoutes: ['model'],
      secrets: ['OWN'],
    });
    expect(requestsTo('model.wild.test')[0]?.path).toContain(own);
    const { text } = await service.api('GET', `/api/v1/runs/${id}/egress`);
    expect(text).toContain('"/headers/***"');
    expect(leaksIn(text + service.logs(), { own })).toEqual([]);
    expect(await leaksBelow(service.dataDir, { own })).toEqual([]);
  });

  it('is every turn’s of a run that is kept alive, and ends with the turn', async () => {
    const script = sh('curl -s -w " %{http_code}" "$RISOLUTO_ROUTE_MODEL/bytes/3"');
    const body = { issue: 'ROUTE-4', command: script, credentialRoutes: ['model'] };
    const id = await keptRun(service, body);
    const turn = await turnToEnd(service, id, { command: script });
    expect(turn.stdout).toBe('www 200');
    expect((await askTurn(service, id, { command: ['true'] })).status).toBe(202);
    expect((await awaitRun(service, id)).status).toBe('idle');
    await service.api('POST', `/api/v1/runs/${id}/cancel`);
    await sandbox.end();
    await expectNoRemains(service);
  });
});
