import { existsSync, mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { startRefused, startService } from '../support/service.js';

const EX_CONFIG = 78;

describe('the service', () => {
  it('does not start with a wrong environment: one line a problem, no value in any', async () => {
    const env = {
      RISOLUTO_PORT: 'port-canary',
      RISOLUTO_WRITE_TOKEN: 'token canary with spaces',
      RISOLUTO_TRUST_PROXY: 'proxy-canary',
    };
    // The test's own port is what a client would use; this start must not get that far.
    const { code, logs } = await startRefused({ env });
    expect(code).toBe(EX_CONFIG);
    const lines = logs.trim().split('\n');
    expect(lines).toHaveLength(3);
    for (const name of Object.keys(env)) {
      expect(lines.filter((line) => line.startsWith(`risoluto: ${name}`))).toHaveLength(1);
    }
    expect(logs).not.toContain('canary');
  });

  it('says in one line why it cannot start for another reason', async () => {
    const first = await startService();
    try {
      const env = { RISOLUTO_PORT: new URL(first.url).port };
      const { code, logs } = await startRefused({ env });
      expect(code).toBe(1);
      expect(logs).toMatch(/EADDRINUSE/);
    } finally {
      await first.stop();
    }
  });

  it('leaves workspaces that another service has alone, and says which variable names others', async () => {
    const first = await startService();
    const { workspacesDir } = first;
    const arriving = join(workspacesDir, '.arriving-01ARZ3NDEKTSV4RRFFQ69G5FAV');
    mkdirSync(arriving);
    try {
      // As where neither names its own: the default is beside the data directory.
      const env = { RISOLUTO_WORKSPACES_DIR: workspacesDir };
      const { code, logs } = await startRefused({ env });
      expect(code).toBe(1);
      expect(logs.split('\n').filter((line) => line.startsWith('risoluto: '))).toEqual([
        expect.stringContaining(
          `RISOLUTO_WORKSPACES_DIR ${workspacesDir} is in use by another Risoluto process, ${first.pid} (`,
        ),
      ]);
      expect(existsSync(arriving)).toBe(true);

      // The lock of a dead process is nobody's; what it left is cleared away by who has it next.
      await first.kill9();
      await first.start();
      expect(existsSync(arriving)).toBe(false);
    } finally {
      await first.stop();
    }
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('stops cleanly on %s', async (signal) => {
    const service = await startService();
    await service.api('GET', '/healthz');
    const exit = await service.stop(signal);
    expect(exit).toEqual({ code: 0, signal: null, forced: false });
    expect(service.logs()).not.toContain('"level":"error"');
    expect(service.logs()).toContain('"msg":"stopping"');
  });

  it('is not kept from stopping by a request that never ends', async () => {
    const service = await startService();
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname).on('error', () => {});
    socket.write('POST /api/v1/runs HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{');
    await service.api('GET', '/healthz');
    const exit = await service.stop();
    socket.destroy();
    expect(exit).toEqual({ code: 0, signal: null, forced: false });
  });
});
