import type { ApiAnswer, ApiRequest } from '../support/http.js';
import type { RunningService } from '../support/service.js';

/** The service was killed before it answered. */
export class CutOff extends Error {}

/** One life of the service, as those see it who load it until it is killed. */
export class Life {
  over = false;

  constructor(private readonly service: RunningService) {}

  /** @throws CutOff when no whole answer comes any more. */
  async api(method: string, path: string, request: ApiRequest = {}): Promise<ApiAnswer> {
    try {
      return await this.service.api(method, path, request);
    } catch (error) {
      if (isCut(error)) throw new CutOff('killed', { cause: error });
      throw error;
    }
  }

  /** Repeats `work` until the life is over. */
  async repeat(work: () => Promise<void>): Promise<void> {
    try {
      while (!this.over) await work();
    } catch (error) {
      if (!(error instanceof CutOff)) throw error;
    }
  }
}

function isCut(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return /^ECONN|^EPIPE/.test(code ?? '') || /socket hang up|aborted/.test(message);
}
