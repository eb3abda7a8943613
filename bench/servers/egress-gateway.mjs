// The gateway of the built service, for one session on loopback. Its first line says where it listens
// and with which credentials.
import { randomBytes } from 'node:crypto';

import { checkedEgressEntries } from '../../dist/src/config/egress-entry.js';
import { EgressGateway } from '../../dist/src/egress/gateway/egress-gateway.js';
import { SystemClock } from '../../dist/src/kernel/clock.js';

const HOST = '127.0.0.1';
const allowlist = checkedEgressEntries([...Array(50).keys()].map((at) => `host-${at}.example`));
const [target] = checkedEgressEntries([`${HOST}:${process.env.TARGET_PORT}`]);

const rules = {
  allowlist: [...allowlist, target],
  mode: 'enforce',
  internalRanges: [],
  routes: [],
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
  resolver: { resolve: () => Promise.resolve([]) },
  ownAddresses: () => [],
  clock: new SystemClock(),
  addressFilter: { blocked: () => null },
});
gateway.admit({ runId: 'run', turn: 1, address: HOST, requested: null });
const { port } = await gateway.listen({ address: HOST, preferredPort: 0 });
const { user, password } = gateway.credentialsFor('run', 1);
const credentials = Buffer.from(`${user}:${password}`).toString('base64');
console.log(`${port} ${credentials}`);
