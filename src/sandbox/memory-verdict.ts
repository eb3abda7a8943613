import { setTimeout as sleep } from 'node:timers/promises';

import type { ContainerEngine } from './container-engine.js';
import type { ContainerExit } from './exit-watch.js';

/**
 * An engine hears of an out-of-memory kill on another way than of the end, and before 23.0 its
 * `State.OOMKilled` stays false when the end came first. Its event still comes, at about the time at
 * which it says that the container has ended. We listen for a multiple of the time that the engine
 * took to answer: what delays the one delays the other.
 */
const PATIENCE = 8;
const LONGEST_MS = 1_000;
/** The status of a command that failed hangs on the answer, of one that succeeded only the reason. */
const SHORTEST_MS = { succeeded: 10, failed: 100 };
const OPEN_LIMIT_MS = 5_000;

/**
 * Whether the memory limit killed the command or a child of it. `true` is certain; `false` means that
 * the engine has not said so by up to a second after the end. Never rejects.
 */
export async function wasOutOfMemory(
  engine: ContainerEngine,
  containerId: string,
  { oomKilled, gone, exitCode }: ContainerExit,
): Promise<boolean> {
  if (oomKilled || gone) return oomKilled;
  const stop = new AbortController();
  const { signal } = stop;
  try {
    const asked = performance.now();
    const events = engine.events(containerId, 'oom', signal);
    const late = sleep(OPEN_LIMIT_MS, null, { signal });
    const stream = await Promise.race([events, late]);
    if (stream === null) return false;
    const shortest = exitCode === 0 ? SHORTEST_MS.succeeded : SHORTEST_MS.failed;
    const patience = Math.max(shortest, PATIENCE * (performance.now() - asked));
    const over = sleep(Math.min(patience, LONGEST_MS), false, { signal });
    return await Promise.race([stream.next().then(({ done }) => done !== true), over]);
  } catch {
    return false;
  } finally {
    stop.abort();
  }
}
