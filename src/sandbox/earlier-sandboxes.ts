import { DomainError } from '../kernel/domain-error.js';
import type { ContainerEngine } from './container-engine.js';

/** Nothing runs in a container in these states, nor ever will again. */
const OVER = new Set(['exited', 'dead', 'removing']);

/**
 * Removes the containers that have all these labels, whatever kept them until now. Throws
 * `engine_unavailable` while one of them may still run, or the engine does not say.
 */
export async function removeEarlier(
  engine: ContainerEngine,
  labels: readonly string[],
): Promise<void> {
  const list = () => engine.listContainers({ label: [...labels] });
  const found = await list();
  if (found.length === 0) return;
  await Promise.allSettled(found.map(({ Id }) => engine.removeContainer(Id)));
  if ((await list()).every(({ State }) => OVER.has(State))) return;
  throw new DomainError(
    'engine_unavailable',
    'A sandbox that an earlier run of the issue left may still run; the container engine has not removed it yet',
    { retryAfterSeconds: 5 },
  );
}
