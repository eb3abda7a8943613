import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { until } from '../runs/until.js';
import { engine } from '../support/engine.js';
import { expectNoRemains } from '../support/remains.js';
import type { RunningService } from '../support/service.js';
import { world } from '../support/world.js';
import type { Probe } from './probed.js';
import { RUNTIMES, Sandbox, startFiltered, Uncontrolled, type Placement } from './sandboxes.js';

const ASK: Probe = { do: 'bash', script: 'curl -s --max-time 3 http://allowed.test/' };

describe.each(RUNTIMES)('who comes after, %s', (runtime) => {
  let service: RunningService;
  let sandbox: Sandbox;

  beforeAll(async () => {
    service = await startFiltered({ runtime, sandbox: { egressAllowlist: ['allowed.test'] } });
    sandbox = await Sandbox.start(service, 'HEIR-1');
  });
  afterAll(() => service?.stop());

  /** Somebody else with the address, the MAC and the credentials of one that was served there. */
  async function inheritsNothing(at: Placement): Promise<void> {
    const heir = await Uncontrolled.start(runtime, at);
    try {
      await world.clear();
      expect((await heir.probe({ inherited: ASK })).inherited.out).toBe('');
      expect(await world.arrivals()).toEqual([]);
    } finally {
      await heir.remove();
    }
  }

  it('N21 a grant ends with its run, and its connections and its address carry nothing on', async () => {
    const leaving = await Sandbox.start(service, 'HEIR-2');
    const [place, proxy] = await Promise.all([leaving.place(), leaving.proxy()]);
    await world.clear();
    // It has said what it had to say, and stays silent.
    const say = String.raw`GET /drip HTTP/1.1\r\nHost: allowed.test\r\n\r\n`;
    await leaving.hold('allowed.test:80', say, '/tmp/held');
    await until('its connection to arrive', () =>
      world.recorded().some(({ start }) => start?.includes('/drip')) ? true : null,
    );
    await leaving.end();
    await until('its connection to end', () =>
      world.recorded().some(({ event }) => event === 'close') ? true : null,
    );
    await inheritsNothing({ ...place, proxy });
    expect((await sandbox.probe({ own: ASK })).own.out).toContain('world');
  });

  it('N21 a grant is not inherited after the service was killed', async () => {
    const leaving = await Sandbox.start(service, 'HEIR-3');
    const [place, proxy] = await Promise.all([leaving.place(), leaving.proxy()]);
    expect((await leaving.probe({ own: ASK })).own.out).toContain('world');
    await service.kill9();
    await engine().getContainer(leaving.container).remove({ force: true });
    await inheritsNothing({ ...place, proxy });
    await service.start();
    expect((await sandbox.probe({ own: ASK })).own.out).toContain('world');
    await inheritsNothing({ ...place, proxy });
  });

  it('leaves nothing', async () => {
    await sandbox.end();
    await expectNoRemains(service);
  });
});
