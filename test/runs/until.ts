import { setTimeout as sleep } from 'node:timers/promises';

/** The first answer of `ask` that is not `null`; fails after `timeoutMs`. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | null> | T | null,
  timeoutMs = 45_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await ask();
    if (found !== null) return found;
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await sleep(50);
  }
}
