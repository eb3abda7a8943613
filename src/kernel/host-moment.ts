import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** A moment by the count of the host since its boot: nobody sets it, and every process has the same. */
export interface HostMoment {
  readonly boot: string;
  /** In steps of 10; goes on while the host sleeps. */
  readonly ms: number;
}

/** `null` on a host that does not tell its boots apart. */
export function hostMoment(): HostMoment | null {
  try {
    return { boot: readFileSync(BOOT_ID, 'utf8').trim(), ms: uptime() * 1000 };
  } catch {
    return null;
  }
}

/** `null` where it cannot be told: the host has booted since. */
export function msSince(moment: HostMoment | null): number | null {
  const now = hostMoment();
  if (now === null || moment === null || now.boot !== moment.boot) return null;
  return Math.max(0, now.ms - moment.ms);
}
