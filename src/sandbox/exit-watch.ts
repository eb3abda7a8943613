import { setTimeout as sleep } from 'node:timers/promises';

import type { ContainerEngine, ContainerInspection } from './container-engine.js';
import { isRefusal } from './engine-refusal.js';

/** How a container ended, by the engine's word. */
export interface ContainerExit {
  exitCode: number;
  /** The kernel killed the command or a child of it for want of memory. */
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
/** The engine hears of an out-of-memory kill on another way than of the end; it may come just after. */
const OOM_NEWS_MS = 100;
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
        return { ...(await finalState(engine, inspection)), engineOutage };
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

async function finalState(
  engine: ContainerEngine,
  inspection: ContainerInspection,
): Promise<Omit<ContainerExit, 'engineOutage'>> {
  let state = inspection.State;
  if (state.ExitCode === KILLED && !state.OOMKilled) {
    await sleep(OOM_NEWS_MS);
    state = (await engine.inspectContainer(inspection.Id)).State;
  }
  return {
    exitCode: state.ExitCode,
    oomKilled: state.OOMKilled,
    ...(state.Error ? { error: state.Error } : {}),
    startedAt: state.StartedAt,
    finishedAt: state.FinishedAt,
    gone: isBeingRemoved(state),
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
