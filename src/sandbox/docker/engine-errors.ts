import { DomainError } from '../../kernel/domain-error.js';
import { EngineRefusal } from '../engine-refusal.js';

interface HttpError extends Error {
  statusCode?: number;
  json?: { message?: string };
}

/** A refusal for what the engine answered, `engine_unavailable` for everything else. */
export function toEngineError(error: unknown): Error {
  if (error instanceof EngineRefusal || error instanceof DomainError) return error;
  const { statusCode, json, message } = error as HttpError;
  if (typeof statusCode === 'number') {
    return new EngineRefusal(statusCode, json?.message ?? message);
  }
  return new DomainError(
    'engine_unavailable',
    'The container engine does not answer; check that it runs and that DOCKER_HOST is right',
    { cause: error },
  );
}

/** Runs one call of the engine and translates its failure. */
export async function engineCall<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toEngineError(error);
  }
}
