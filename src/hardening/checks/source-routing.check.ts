import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import {
  failed,
  passed,
  warned,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';
import { lines } from '../shell.js';

const CONF = '/proc/sys/net/ipv4/conf';

/**
 * Whether the host follows a route that a packet brings with it. Pure. `values`: by interface, with
 * `all` and `default`. The kernel follows one where both `all` and the interface say so.
 */
export function judgeSourceRouting(values: ReadonlyMap<string, boolean>): HardeningFinding {
  const interfaces = [...values].filter(([name, on]) => on && name !== 'all');
  const names = interfaces.map(([name]) => name);
  if (values.get('all')) {
    return failed(
      'accept_source_route is on (net.ipv4.conf.all): a packet that names its own route can pass from one bridge into another.',
      REMEDY,
    );
  }
  const real = names.filter((name) => name !== 'default' && name !== 'lo');
  if (real.length > 0) {
    return warned(
      `accept_source_route is on for ${some(real)}; only net.ipv4.conf.all, which is off, keeps packets from naming their own route.`,
      REMEDY,
    );
  }
  return passed('The host follows no route that a packet brings with it.');
}

const REMEDY = lines(
  "printf 'net.ipv4.conf.all.accept_source_route = 0\\nnet.ipv4.conf.default.accept_source_route = 0\\n' | sudo tee /etc/sysctl.d/60-risoluto.conf",
  'for f in /proc/sys/net/ipv4/conf/*/accept_source_route; do echo 0 | sudo tee "$f" > /dev/null; done',
);

const some = (names: readonly string[]) =>
  names.length <= 3
    ? names.join(', ')
    : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;

export class SourceRoutingCheck implements HardeningCheck {
  readonly id = 'source-routing';
  readonly title = 'Source-routed packets';
  readonly kind = 'quick';

  async check(): Promise<HardeningFinding> {
    const names = await readdir(CONF);
    const values = await Promise.all(
      names.map(async (name) => {
        // An interface may go between the two reads.
        const text = await readFile(join(CONF, name, 'accept_source_route'), 'utf8').catch(
          () => '0',
        );
        return [name, text.trim() !== '0'] as const;
      }),
    );
    return judgeSourceRouting(new Map(values));
  }
}
