import { setTimeout as sleep } from 'node:timers/promises';

import type { ContainerEngine, ContainerInspection } from './container-engine.js';
import { isRefusal } from './engine-refusal.js';

/** How a container ended, by the engine's word. */
export interface ContainerExit {
  exitCode: number;
  /** The engine knew at the end that the memory limit killed the command or a child of it. */
  oomKilled: boolean;
  /** The engine's own reason for an end that was not the command's. For an operator, not a client. */
  error?: string;
  /** ISO-8601, from the engine; null when the container is gone. */
  startedAt: string | null;
  finishedAt: string | null;
  /** The engine could not be reached at some time while we waited. */
  engineOutage: boolean;
  /** Somebody removed the container before its outcome was read. */
  gone: boolean;
}

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2_000;
const KILLED = 137;

/** Resolves when the container has ended, however often the engine goes away and comes back meanwhile. */
export async function watchExit(
  engine: ContainerEngine,
  containerId: string,
  signal: AbortSignal,
): Promise<ContainerExit> {
  let engineOutage = false;
  let retryMs = FIRST_RETRY_MS;
  while (!signal.aborted) {
    try {
      await engine.wait(containerId);
      const inspection = await engine.inspectContainer(containerId);
      if (!inspection.State.Running) {
        return { ...finalState(inspection), engineOutage };
      }
    } catch (error) {
      if (isRefusal(error, 404)) return goneExit(engineOutage);
      engineOutage = true;
    }
    await sleep(retryMs, undefined, { signal }).catch(() => undefined);
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
  }
  return goneExit(engineOutage);
}

function finalState({ State }: ContainerInspection): Omit<ContainerExit, 'engineOutage'> {
  return {
    exitCode: State.ExitCode,
    oomKilled: State.OOMKilled,
    ...(State.Error ? { error: State.Error } : {}),
    startedAt: State.StartedAt,
    finishedAt: State.FinishedAt,
    gone: isBeingRemoved(State),
  };
}

/** An engine that is told to remove a running container kills it first: that end is not its own. */
function isBeingRemoved({ Status, ExitCode, OOMKilled }: ContainerInspection['State']): boolean {
  return (Status === 'removing' || Status === 'dead') && ExitCode === KILLED && !OOMKilled;
}

function goneExit(engineOutage: boolean): ContainerExit {
  return {
    exitCode: KILLED,
    oomKilled: false,
    error: 'the container was removed before its outcome was read',
    startedAt: null,
    finishedAt: null,
    engineOutage,
    gone: true,
  };
}
