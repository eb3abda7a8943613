import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { promisify } from 'node:util';

import {
  notChecked,
  passed,
  warned,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';
import type { EngineDescription } from '../../sandbox/container-engine.js';

export interface ClockFacts {
  /** The engine's clock less ours, in milliseconds; `null` when it did not say. */
  readonly engineAheadMs: number | null;
  /** Whether the kernel's clock is kept right by another; `null` when nothing here can tell. */
  readonly synchronized: boolean | null;
}

const MOST_DIFFERENCE_MS = 5000;
const SYNCHRONIZE = 'sudo apt-get install -y systemd-timesyncd && sudo timedatectl set-ntp true';

/** Whether times in the audit can be trusted. Pure. */
export function judgeClock({ engineAheadMs, synchronized }: ClockFacts): HardeningFinding {
  if (engineAheadMs !== null && Math.abs(engineAheadMs) > MOST_DIFFERENCE_MS) {
    const seconds = Math.round(engineAheadMs / 1000);
    return warned(`The engine’s clock differs from this one by ${seconds} s.`, SYNCHRONIZE);
  }
  if (synchronized === null) {
    return notChecked(
      'nothing on this machine tells whether its clock is synchronized',
      SYNCHRONIZE,
    );
  }
  return synchronized
    ? passed('The clock is synchronized.')
    : warned('The clock is not synchronized, so times in the audit may be wrong.', SYNCHRONIZE);
}

export class ClockCheck implements HardeningCheck {
  readonly id = 'clock';
  readonly title = 'Clock';
  readonly kind = 'quick';

  constructor(private readonly describe: () => Promise<EngineDescription>) {}

  async check(): Promise<HardeningFinding> {
    const asked = Date.now();
    const systemTime = await this.describe().then(
      (engine) => Date.parse(engine.systemTime),
      () => Number.NaN,
    );
    const middle = (asked + Date.now()) / 2;
    return judgeClock({
      engineAheadMs: Number.isNaN(systemTime) ? null : systemTime - middle,
      synchronized: await isSynchronized(),
    });
  }
}

async function isSynchronized(): Promise<boolean | null> {
  try {
    await access('/run/systemd/timesync/synchronized');
    return true;
  } catch {
    return askTimedatectl();
  }
}

async function askTimedatectl(): Promise<boolean | null> {
  try {
    const { stdout } = await promisify(execFile)(
      'timedatectl',
      ['show', '--property=NTPSynchronized', '--value'],
      { timeout: 2000, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } },
    );
    const answer = stdout.trim();
    return answer === 'yes' ? true : answer === 'no' ? false : null;
  } catch {
    return null;
  }
}
