import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { command } from '../egress/commands.js';
import { HostListener } from '../egress/host-listener.js';
import { showRun } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { engine } from '../support/engine.js';
import { itAlike } from '../support/long-form.js';
import { expectNoRemains } from '../support/remains.js';
import type { RunningService } from '../support/service.js';
import { world } from '../support/world.js';
import { Heartbeat } from './heartbeat.js';
import type { Probe } from './probed.js';
import {
  ANYWHERE,
  denialsIn,
  PUBLIC,
  RUNTIMES,
  Sandbox,
  startFiltered,
  Uncontrolled,
  type Placement,
} from './sandboxes.js';

/** Packets that were on their way when the gateway stopped. */
const SETTLING_MS = 300;
const ASK: Probe = { do: 'bash', script: 'curl -s --max-time 2 http://allowed.test/' };

describe.each(RUNTIMES)('while a sandbox lives and after, %s', (runtime) => {
  const alike = itAlike(runtime);
  let service: RunningService;
  let sandbox: Sandbox;
  let beat: Heartbeat;
  let host: HostListener;

  beforeAll(async () => {
    host = await HostListener.start();
    const egressAllowlist = ['allowed.test', 'echo.test:7'];
    service = await startFiltered({ runtime, sandbox: { egressAllowlist } });
    sandbox = await Sandbox.start(service, 'LIFE-1');
    beat = await Heartbeat.start(sandbox);
  });
  afterAll(async () => {
    await service?.stop();
    await host?.stop();
  });

  alike(
    'N20 nothing passes while the gateway stands still, and all goes on when it does again',
    async () => {
      expect(await beat.arrivalsIn(500)).toContain(`tcp ${ANYWHERE} 7`);
      process.kill(service.pid, 'SIGSTOP');
      try {
        await sleep(SETTLING_MS);
        expect(await beat.arrivalsIn(1000)).toEqual([]);
      } finally {
        process.kill(service.pid, 'SIGCONT');
      }
      await beat.untilHeard('tunnel');
      await beat.untilHeard('request');
      expect((await beat.heard()).direct).toBe(0);
    },
  );

  alike.each(['flush', 'delete'])('N20 nothing escapes past a fence after nft %s', async (what) => {
    const instance = (await readFile(join(service.dataDir, 'instance-id'), 'utf8')).trim();
    const tables = ['inet', 'bridge'].map((family) => ['table', family, `risoluto_${instance}`]);
    const { hostname } = await sandbox.proxy();
    await world.clear();
    for (const table of tables) await world.onHost('nft', what, ...table);
    for (const table of tables) {
      await until('the fence to be put right', async () =>
        (await command(['nft', 'list', ...table])).stdout.includes('drop') ? true : null,
      );
    }
    await beat.untilHeard('request');
    const arrived = (await world.arrivals()).map(({ to }) => to);
    expect(arrived).toContain(ANYWHERE);
    expect(arrived).not.toContain(PUBLIC);
    expect((await beat.heard()).direct).toBe(0);
    const found = await sandbox.probe({ host: { do: 'tcp', host: hostname, port: host.port } });
    expect(found.host.connected).toBe(false);
    expect((await showRun(service, sandbox.runId)).status).toBe('running');
  });

  /** Somebody else with the address, the MAC and the credentials of one that was served there. */
  async function inheritsNothing(at: Placement): Promise<void> {
    const heir = await Uncontrolled.start(runtime, at);
    try {
      expect((await heir.probe({ inherited: ASK })).inherited.out).toBe('');
    } finally {
      await heir.remove();
    }
  }

  it('N21 a grant ends with its run, and its connections and its address carry nothing on', async () => {
    const leaving = await Sandbox.start(service, 'LIFE-2');
    const [place, proxy] = await Promise.all([leaving.place(), leaving.proxy()]);
    await world.clear();
    // It has said what it had to say, and stays silent.
    const say = String.raw`GET /drip HTTP/1.1\r\nHost: allowed.test\r\n\r\n`;
    await leaving.hold('allowed.test:80', say, '/tmp/held');
    const connection = await until(
      'its connection to arrive',
      () => world.recorded().find(({ start }) => start?.includes('/drip'))?.connection ?? null,
    );
    await leaving.end();
    await until('its connection to end', () => {
      const ends = world.recorded().filter(({ event }) => event === 'close');
      return ends.some((end) => end.connection === connection) ? true : null;
    });
    await inheritsNothing({ ...place, proxy });
    expect((await sandbox.probe({ own: ASK })).own.out).toContain('world');
  });

  it('N20 N21 nothing passes while the service is dead; its next life serves who lives, and no heir', async () => {
    const leaving = await Sandbox.start(service, 'LIFE-3');
    const [place, proxy, own] = await Promise.all([
      leaving.place(),
      leaving.proxy(),
      sandbox.proxy(),
    ]);
    expect((await leaving.probe({ own: ASK })).own.out).toContain('world');
    await service.kill9();
    const diedAt = Date.now();
    await sleep(SETTLING_MS);
    await world.clear();
    await engine().getContainer(leaving.container).remove({ force: true });
    await inheritsNothing({ ...place, proxy });
    expect(await world.arrivals()).toEqual([]);

    await service.start();
    await beat.untilHeard('request');
    await inheritsNothing({ ...place, proxy });
    expect((await sandbox.proxy()).href).toBe(own.href);
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
