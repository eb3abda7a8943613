import { hostFaultBehind } from '../kernel/host-fault.js';
import type { FenceBackend } from './fence-backend.js';
import type { FenceFault } from './fence-error.js';
import { missingBridge, type Expectation } from './fence-inspection.js';

/** What a backend must see. */
export type Sight = Pick<Expectation, 'bridges' | 'needed'>;

export type BackendChoice =
  { readonly backend: FenceBackend } | { readonly fault: FenceFault; readonly cause?: unknown };

/**
 * The first backend that has what it needs and sees the bridges; else the first one's obstacle. What the
 * machine refuses for the moment says nothing about a backend, so that no other takes its place.
 */
export async function chooseBackend(
  candidates: readonly FenceBackend[],
  sight: Sight,
): Promise<BackendChoice> {
  let first: BackendChoice | null = null;
  for (const backend of candidates) {
    const choice = await tryBackend(backend, sight);
    if ('backend' in choice || hostFaultBehind(choice.cause) !== null) return choice;
    first ??= choice;
  }
  return first ?? { fault: { reason: 'there is no way to place it', remedy: 'run as root' } };
}

async function tryBackend(backend: FenceBackend, sight: Sight): Promise<BackendChoice> {
  try {
    const obstacle = await backend.obstacle();
    if (obstacle) return { fault: obstacle };
    const missing = missingBridge(sight, await backend.links());
    if (!missing) return { backend };
    return {
      fault: {
        reason: missing,
        remedy: 'run the service in the network namespace of the container engine',
      },
    };
  } catch (cause) {
    return {
      fault: { reason: `the ${backend.name} way to place it failed`, remedy: 'see the log' },
      cause,
    };
  }
}
