import { controlUnavailable } from './control-unavailable.js';
import { EngineRefusal } from './engine-refusal.js';

/** What a client is told of a container that could not be started. */
export function startFailure(error: unknown): unknown {
  if (!(error instanceof EngineRefusal)) return unexpected(error);
  if (error.engineMessage.includes('rlimit')) {
    return controlUnavailable('ulimits', "raise the engine's own limit of open files", error);
  }
  return controlUnavailable(
    'sandbox',
    'the engine could not start the container as it was made; the service’s log has its reason',
    error,
  );
}

/** What a client is told of an engine that refuses what it never refuses. */
export function unexpected(error: unknown): unknown {
  if (!(error instanceof EngineRefusal)) return error;
  return controlUnavailable(
    'sandbox',
    'the engine refused; the service’s log has its reason',
    error,
  );
}
