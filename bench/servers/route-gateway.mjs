// The gateway of the built service with one credential route, for one session on loopback. Its first
// line is its port.
import { randomBytes } from 'node:crypto';

import { credentialRoutesSchema } from '../../dist/src/config/credential-routes-schema.js';
import { EgressGateway } from '../../dist/src/egress/gateway/egress-gateway.js';
import { checkedRoute } from '../../dist/src/egress/gateway/routes/credential-route.js';
import { Redacted } from '../../dist/src/kernel/redacted.js';
import { SystemClock } from '../../dist/src/kernel/clock.js';
import { routeCredential } from '../../dist/src/runs/routes/route-credential.js';

const HOST = '127.0.0.1';
const SECRET = `sk-${randomBytes(36).toString('base64url')}`;
const [settings] = credentialRoutesSchema.parse([
  {
    name: 'model',
    upstream: `https://upstream.bench.test:${process.env.TARGET_PORT}`,
    header: 'Authorization',
    secret: 'KEY',
  },
]);
const rules = {
  allowlist: [],
  mode: 'enforce',
  internalRanges: [],
  routes: [checkedRoute(settings)],
  limits: { connections: 10_000, newConnectionsPerSecond: 1_000_000, bytes: 0 },
};
const gateway = new EgressGateway({
  key: randomBytes(32),
  rules: () => rules,
  recorder: {
    denied: () => Promise.resolve(),
    allowed: () => ({ close: () => undefined }),
    settled: () => Promise.resolve(),
  },
  resolver: { resolve: () => Promise.resolve([HOST]) },
  ownAddresses: () => [],
  clock: new SystemClock(),
  addressFilter: { blocked: () => null },
});
gateway.credentialsChanged(new Map([['model', routeCredential(settings, new Redacted(SECRET))]]));
const session = { runId: 'run', turn: 1, address: HOST, requested: null };
gateway.admit({ ...session, routes: ['model'], routesOnly: true });
const { port } = await gateway.listen({ address: HOST, preferredPort: 0 });
console.log(port);
