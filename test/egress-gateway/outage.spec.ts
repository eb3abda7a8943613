import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { command } from '../egress/commands.js';
import { HostListener } from '../egress/host-listener.js';
import { showRun } from '../runs/run-questions.js';
import { expectNoRemains } from '../support/remains.js';
import type { RunningService } from '../support/service.js';
import { world } from '../support/world.js';
import { Heartbeat } from './heartbeat.js';
import { ANYWHERE, denialsIn, PUBLIC, RUNTIMES, Sandbox, startFiltered } from './sandboxes.js';

/** Packets that were on their way when the gateway stopped. */
const SETTLING_MS = 500;

describe.each(RUNTIMES)('when the gateway or its fence is disturbed, %s', (runtime) => {
  let service: RunningService;
  let sandbox: Sandbox;
  let beat: Heartbeat;
  let host: HostListener;

  beforeAll(async () => {
    host = await HostListener.start();
    const egressAllowlist = ['allowed.test', 'echo.test:7'];
    service = await startFiltered({ runtime, sandbox: { egressAllowlist } });
    sandbox = await Sandbox.start(service, 'OUT-1');
  });
  beforeEach(async () => {
    beat ??= await Heartbeat.start(sandbox);
  });
  afterAll(async () => {
    await service?.stop();
    await host?.stop();
  });

  it('N20 nothing passes while it does not run, and all goes on when it does again', async () => {
    expect(await beat.arrivalsIn(1000)).toContain(`tcp ${ANYWHERE} 7`);
    process.kill(service.pid, 'SIGSTOP');
    try {
      await sleep(SETTLING_MS);
      expect(await beat.arrivalsIn(1500)).toEqual([]);
    } finally {
      process.kill(service.pid, 'SIGCONT');
    }
    await beat.untilHeard('tunnel');
    await beat.untilHeard('request');
    expect((await beat.heard()).direct).toBe(0);
  });

  it.each(['flush', 'delete'])(
    'N20 nothing escapes past a fence that somebody %ss',
    async (what) => {
      const instance = (await readFile(join(service.dataDir, 'instance-id'), 'utf8')).trim();
      const { hostname } = await sandbox.proxy();
      await world.clear();
      for (const family of ['inet', 'bridge']) {
        await world.onHost('nft', what, 'table', family, `risoluto_${instance}`);
      }
      // Two seconds are what the watch takes at most.
      await sleep(4000);
      const arrived = (await world.arrivals()).map(({ to }) => to);
      expect(arrived).toContain(ANYWHERE);
      expect(arrived).not.toContain(PUBLIC);
      expect((await beat.heard()).direct).toBe(0);
      for (const family of ['inet', 'bridge']) {
        const { code, stdout } = await command([
          'nft',
          'list',
          'table',
          family,
          `risoluto_${instance}`,
        ]);
        expect(code).toBe(0);
        expect(stdout).toContain('gateway');
      }
      const found = await sandbox.probe({ host: { do: 'tcp', host: hostname, port: host.port } });
      expect(found.host.connected).toBe(false);
      expect((await showRun(service, sandbox.runId)).status).toBe('running');
      await beat.untilHeard('request');
    },
  );

  it('N20 nothing passes while the service is dead, and its next life serves the same sandbox', async () => {
    const proxy = await sandbox.proxy();
    await service.kill9();
    const diedAt = Date.now();
    await sleep(SETTLING_MS);
    expect(await beat.arrivalsIn(1500)).toEqual([]);
    await service.start();
    await beat.untilHeard('request');
    expect((await sandbox.proxy()).href).toBe(proxy.href);
    expect((await beat.heard()).direct).toBe(0);
    expect((await showRun(service, sandbox.runId)).status).toBe('running');
    const refused = await sandbox.probe({ other: { do: 'tunnel', to: 'other.test:443' } });
    expect(refused.other).toMatchObject({ status: 403, reason: 'not_listed' });
    const denials = denialsIn(await sandbox.decisions('&allowed=false'));
    expect(denials).toContain('other.test:443 not_listed');
    // What the earlier life wrote down is still there.
    const [first] = await sandbox.decisions();
    expect(Date.parse(first?.at ?? '')).toBeLessThan(diedAt);
  });

  it('leaves nothing', async () => {
    await sandbox.end();
    await expectNoRemains(service);
  });
});
