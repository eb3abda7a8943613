import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { HeadAndSocket } from '../../../../test/support/gateway/read-answer.js';
import { Redacted } from '../../../kernel/redacted.js';
import { RouteLab, SECRET, UPSTREAM } from '../../../../test/support/gateway/route-lab.js';

let lab: RouteLab;

beforeEach(async () => {
  lab = await new RouteLab().start();
});
afterEach(() => lab.stop());

describe('a request on a credential route', () => {
  it('reaches the upstream with the secret in place of what the sandbox sent, and is written down', async () => {
    const lines = [
      'authorization: Bearer mine',
      'Authorization: Bearer mine too',
      'X_Api_Key: theirs',
      'Cookie: a=b',
      'Proxy-Authorization: Basic eA==',
      'X-Forwarded-Host: evil.test',
      'X-HTTP-Method-Override: DELETE',
      'Accept-Encoding: gzip',
      'Range: bytes=0-3',
      'OpenAI-Organization: org',
      'Content-Length: 2',
    ];
    const got = await lab.ask('/r/model/responses?stream=1', { method: 'POST', lines, body: '{}' });
    expect([got.status, await got.body()]).toEqual([200, 'hello']);
    expect(lab.seen).toHaveLength(1);
    const { method, url, rawHeaders } = lab.seen[0]!;
    expect([method, url]).toEqual(['POST', '/v1/responses?stream=1']);
    expect(rawHeaders).toEqual([
      ...['Host', UPSTREAM, 'OpenAI-Organization', 'org', 'Content-Length', '2'],
      ...['Accept-Encoding', 'identity', 'Authorization', `Bearer ${SECRET}`],
      ...['Connection', 'keep-alive'],
    ]);
    await vi.waitFor(() => expect(lab.recorder.open).toEqual([]));
    expect(lab.decisions).toMatchObject([
      {
        ...{ runId: 'run-10', host: 'model.test', port: 8090, allowed: true, rule: null },
        ...{ route: 'model', method: 'POST', path: '/v1/responses' },
        ...{ status: 200, bytesUp: 2, bytesDown: 5 },
      },
    ]);
    expect(JSON.stringify(lab.recorder)).not.toContain(SECRET);
  });

  it('leaves the sandbox no spelling of the header that carries the secret, whatever it is called', async () => {
    lab.setRoutes({ header: 'X-Team-Key' });
    const headers = [{ name: 'X-Team-Key', value: new Redacted(SECRET) }];
    lab.setCredentials({ model: { headers, forms: [], stamp: 'team' } });
    const lines = ['x-team-key: mine', 'X_TEAM_KEY: mine', 'X-Team: stays'];
    await (await lab.ask('/r/model/x', { lines })).body();
    const sent = lab.seen[0]?.rawHeaders ?? [];
    expect(sent).toContain('stays');
    expect(sent).not.toContain('mine');
    expect(lab.seen[0]?.headers['x-team-key']).toBe(SECRET);
  });

  it('is served to a client that takes the gateway for its proxy, and needs no credentials', async () => {
    const own = `http://${lab.at.address}:${lab.at.port}`;
    const got = await lab.send(lab.session, `GET ${own}/r/model/x HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect([got.status, await got.body()]).toEqual([200, 'hello']);
    const other = await lab.send(
      lab.session,
      `GET http://a.test/r/model/x HTTP/1.1\r\nHost: a.test\r\n\r\n`,
    );
    expect(other.status).toBe(407);
  });

  it('uses its connections again, for its own session alone', async () => {
    for (let count = 0; count < 3; count += 1) await (await lab.ask('/r/model/x')).body();
    expect(lab.sockets.size).toBe(1);
    const other = lab.admit(11, { routes: ['model'] });
    await (await lab.ask('/r/model/x', { as: other })).body();
    expect(lab.sockets.size).toBe(2);
  });

  it('is sent again where the upstream had closed the connection meanwhile', async () => {
    await (await lab.ask('/r/model/x')).body();
    const [used] = lab.sockets;
    lab.answer = (req, res) =>
      req.socket === used ? req.socket.resetAndDestroy() : res.end('again');
    const got = await lab.ask('/r/model/x');
    expect([got.status, await got.body()]).toEqual([200, 'again']);
    await vi.waitFor(() => expect(lab.recorder.open).toEqual([]));
    expect(lab.decisions).toHaveLength(2);
  });

  it.each<[string, () => Promise<HeadAndSocket>, number, string, RegExp]>([
    [
      'does not name the route',
      () => lab.ask('/r/model/x', { as: lab.admit(12, { routes: ['other'] }) }),
      403,
      'route_not_named',
      /has not named the credential route "model".*credentialRoutes/,
    ],
    [
      'names one that is no more',
      () => (lab.setRoutes(), lab.ask('/r/model/x')),
      403,
      'route_not_named',
      /has not named/,
    ],
    [
      'asks by another method',
      () => (lab.setRoutes({ methods: ['GET'] }), lab.ask('/r/model/x', { method: 'DELETE' })),
      403,
      'route_method',
      /takes GET.*methods/,
    ],
    [
      'asks for another path',
      () => (lab.setRoutes({ paths: ['/models'] }), lab.ask('/r/model/files')),
      403,
      'route_path',
      /does not take this path.*paths/,
    ],
    ['climbs', () => lab.ask('/r/model/../../admin'), 403, 'route_path', /two ways/],
    [
      'asks for more than it may',
      async () => {
        lab.setRoutes({ rateLimit: { requestsPerMinute: 2 } });
        await (await lab.ask('/r/model/x')).body();
        await (await lab.ask('/r/model/x')).body();
        return lab.ask('/r/model/x');
      },
      429,
      'route_rate',
      /2 requests a minute/,
    ],
    [
      'has a route without a secret',
      () => (lab.setCredentials({ model: { problem: 'no secret' } }), lab.ask('/r/model/x')),
      503,
      'route_credential',
      /nothing to add: no secret/,
    ],
    ['asks for no route', () => lab.ask('/r/'), 403, 'route_not_named', /has not named/],
  ])('is refused to a run that %s', async (_what, asked, status, reason, text) => {
    const got = await asked();
    expect(got.status).toBe(status);
    const body = await got.body();
    expect(body).toMatch(text);
    expect(lab.recorder.denials.at(-1)).toMatchObject({ allowed: false, reason, status });
  });

  it('tells when one more may be made', async () => {
    lab.setRoutes({ rateLimit: { requestsPerMinute: 1 } });
    await (await lab.ask('/r/model/x')).body();
    const got = await lab.ask('/r/model/x');
    expect(got.status).toBe(429);
    expect(Number(got.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(Number(got.headers.get('retry-after'))).toBeLessThanOrEqual(60);
  });

  it('is not made to an address that is private, and the address is the one that was judged', async () => {
    lab.resolver.names.set('model.test', ['10.0.0.1']);
    const got = await lab.ask('/r/model/x');
    expect([got.status, got.headers.get('x-risoluto-egress')]).toEqual([403, 'blocked_address']);
    expect(lab.recorder.denials).toMatchObject([
      { reason: 'blocked_address', host: 'model.test', route: 'model', path: '/v1/x', status: 403 },
    ]);
    expect(lab.recorder.allowances).toEqual([]);
  });

  it('is all that a session without network access may do', async () => {
    const closed = lab.admit(13, { routes: ['model'], routesOnly: true });
    expect((await lab.ask('/r/model/x', { as: closed })).status).toBe(200);
    for (const got of [
      await lab.connect(closed, 'a.test:443'),
      await lab.request(closed, 'http://a.test/'),
    ]) {
      expect([got.status, got.headers.get('x-risoluto-egress')]).toEqual([
        403,
        'no_network_access',
      ]);
    }
  });
});
