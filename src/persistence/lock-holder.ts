import { readFileSync, statSync } from 'node:fs';

const MOST_CHARACTERS = 80;

export interface LockHolder {
  readonly pid: number;
  /** The beginning of its command line, on one line; empty where it cannot be read. */
  readonly command: string;
}

/**
 * The process that has a write lock on the file, as the kernel tells; `null` where it does not: off
 * Linux, across process namespaces, or when the lock has just been dropped.
 */
export function findLockHolder(file: string): LockHolder | null {
  try {
    const pid = pidOfWriter(readFileSync('/proc/locks', 'utf8'), statSync(file).ino);
    return pid === null ? null : { pid, command: commandOf(pid) };
  } catch {
    return null;
  }
}

/** For an error that says who is in the way. */
export function nameOfHolder(holder: LockHolder | null): string {
  if (holder === null) return 'another Risoluto process';
  const { pid, command } = holder;
  return `another Risoluto process, ${pid}${command === '' ? '' : ` (${command})`}`;
}

/**
 * The process id of the write lock on that inode in the text of `/proc/locks`. The device is not
 * compared: file systems such as btrfs show another number there than `stat` does.
 */
export function pidOfWriter(locks: string, inode: number): number | null {
  for (const line of locks.split('\n')) {
    const [, , , access, pid, place] = line.trim().split(/\s+/);
    const found = access === 'WRITE' && place?.split(':').at(-1) === String(inode);
    if (found && Number(pid) > 0) return Number(pid);
  }
  return null;
}

function commandOf(pid: number): string {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ');
    return words
      .replace(/[\p{C}\s]+/gu, ' ')
      .trim()
      .slice(0, MOST_CHARACTERS);
  } catch {
    return '';
  }
}
