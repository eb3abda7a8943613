import { readFileSync } from 'node:fs';

/** Descriptors that this process may have open, as the system says; `fallback` where it does not. */
export function openFilesLimit(fallback = 1024): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? fallback);
  } catch {
    return fallback;
  }
}

/**
 * How the descriptors are shared out: clients get most, readers of output (a file each) an eighth, and
 * a quarter stays for the database, the engine and the log, however many clients there are.
 */
export function shareOut(openFiles: number): { connections: number; outputReaders: number } {
  return {
    connections: Math.min(16_384, Math.floor((openFiles * 5) / 8)),
    outputReaders: Math.min(1000, Math.floor(openFiles / 8)),
  };
}
