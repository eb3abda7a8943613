import type { ExecutionContext } from '@nestjs/common';
import { describe, expect, it } from 'vitest';

import type { Settings } from '../config/settings.js';
import { Redacted } from '../kernel/redacted.js';
import { Access, ApiRead, ApiWrite, WriteWithParameter } from '../kernel/route-metadata.js';
import { Metrics } from '../metrics/metrics.js';
import { AccessGuard } from './access.guard.js';
import { DeniedPeerRanges } from './denied-peers.js';

const TOKEN = 'write-token-0123456789';

@Access('public')
class Routes {
  undeclared(): void {}

  @ApiWrite('thing.changed')
  write(): void {}

  @ApiRead()
  @WriteWithParameter('full')
  costly(): void {}
}

interface Call {
  handler: keyof Routes;
  method?: string;
  peer?: string;
  token?: string;
  query?: Record<string, unknown>;
}

function guardWith(writeToken: string | null) {
  const metrics = new Metrics();
  const peers = new DeniedPeerRanges();
  peers.addRange('sandboxes', '172.30.0.0/24');
  const auth = {
    writeToken: writeToken === null ? null : new Redacted(writeToken),
    readToken: null,
  };
  const guard = new AccessGuard({ auth } as Settings, peers, metrics);
  const call = ({ handler, method = 'PUT', peer = '127.0.0.1', token, query = {} }: Call) => {
    const request = {
      method,
      query,
      headers: { host: 'localhost', ...(token && { authorization: `Bearer ${token}` }) },
      raw: { socket: { remoteAddress: peer } },
      routeOptions: { url: '/' },
      risoluto: { requestId: 'r', clientAddress: peer, actor: 'loopback' },
    };
    const context = {
      getHandler: () => Routes.prototype[handler],
      getClass: () => Routes,
      getArgByIndex: () => request,
    };
    guard.canActivate(context as unknown as ExecutionContext);
    return request.risoluto.actor;
  };
  return { call, metrics };
}

describe('AccessGuard', () => {
  it('denies a handler that declares nothing, whatever its class declares', () => {
    const { call } = guardWith(null);
    expect(() => call({ handler: 'undeclared', method: 'GET' })).toThrow(
      expect.objectContaining({ code: 'access_undeclared' }),
    );
  });

  it('denies a sandbox that has got hold of the token', async () => {
    const { call, metrics } = guardWith(TOKEN);
    for (const peer of ['172.30.0.9', '::ffff:172.30.0.9']) {
      expect(() => call({ handler: 'write', peer, token: TOKEN })).toThrow(
        expect.objectContaining({ code: 'sandbox_forbidden' }),
      );
    }
    expect(call({ handler: 'write', peer: '172.30.1.9', token: TOKEN })).toBe('write-token');
    expect(
      await metrics.registry.getSingleMetricAsString('risoluto_access_denials_total'),
    ).toContain('{code="sandbox_forbidden"} 2');
  });

  it('takes a read with its costly parameter for a write', () => {
    const { call } = guardWith(TOKEN);
    const costly = (query: Record<string, unknown>, token?: string) =>
      call({ handler: 'costly', method: 'GET', query, token });
    for (const full of ['true', '', 'yes', ['false', 'true']]) {
      expect(() => costly({ full })).toThrow(
        expect.objectContaining({ code: 'write_unauthorized' }),
      );
      expect(costly({ full }, TOKEN)).toBe('write-token');
    }
    expect(costly({})).toBe('loopback');
    expect(costly({ full: 'false' })).toBe('loopback');
  });
});
