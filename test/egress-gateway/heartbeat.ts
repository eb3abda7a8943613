import { setTimeout as sleep } from 'node:timers/promises';

import { world } from '../support/world.js';
import { until } from '../runs/until.js';
import type { Probed } from './probed.js';
import { PUBLIC } from './sandboxes.js';

/** When each way was last answered: milliseconds since 1970, 0: never. */
export interface Heard {
  tunnel: number;
  request: number;
  direct: number;
}

const ECHO = 'echo.test:7';

/** Traffic of a sandbox that never rests: an old tunnel, new requests, and past the gateway. */
export class Heartbeat {
  private constructor(private readonly sandbox: Probed) {}

  static async start(sandbox: Probed): Promise<Heartbeat> {
    await sandbox.background(
      `exec node /tmp/probes/beat.mjs ${ECHO} http://allowed.test/ ${PUBLIC} 2>/tmp/beat.log`,
    );
    const beat = new Heartbeat(sandbox);
    await beat.untilHeard('tunnel');
    await beat.untilHeard('request');
    return beat;
  }

  async heard(): Promise<Heard> {
    const text = await this.sandbox.bash('cat /tmp/beat 2>/dev/null || true');
    return text === '' ? { tunnel: 0, request: 0, direct: 0 } : (JSON.parse(text) as Heard);
  }

  /** Until it has been answered that way after this moment. */
  async untilHeard(way: keyof Heard): Promise<void> {
    const since = Date.now();
    await until(`an answer by ${way}`, async () =>
      (await this.heard())[way] > since ? true : null,
    );
  }

  /** What arrives at the internet in so many milliseconds from now on. */
  async arrivalsIn(ms: number): Promise<string[]> {
    await world.clear();
    await sleep(ms);
    return (await world.arrivals()).map(({ protocol, to, port }) => `${protocol} ${to} ${port}`);
  }
}
