import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import type { ServiceApi } from './service-api.js';

type Options = Parameters<ServiceApi['get']>[1];

/** A window of the service’s rate limit is a minute, and others may use up the next one. */
const MOST_WAITS = 5;

/**
 * The service, whose rate limit is kept: a request that it refuses is sent again when the service says
 * so. The suite has more requests than a minute allows, and whoever else asks from this address as well.
 */
export class PacedApi implements ServiceApi {
  constructor(
    private readonly api: ServiceApi,
    private readonly pause: (ms: number, signal?: AbortSignal) => Promise<void> = wait,
  ) {}

  get url(): string {
    return this.api.url;
  }

  get<T>(path: string, options?: Options): Promise<T> {
    return this.request<T>('GET', path, options);
  }

  request<T>(method: string, path: string, options?: Options): Promise<T> {
    return this.#paced(() => this.api.request<T>(method, path, options), options?.signal);
  }

  stream(path: string, options: NonNullable<Options>): Promise<IncomingMessage> {
    return this.#paced(() => this.api.stream(path, options), options.signal);
  }

  async #paced<T>(attempt: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    for (let waits = 0; ; waits += 1) {
      try {
        return await attempt();
      } catch (error) {
        const { code, retryAfterMs } = error as { code?: string; retryAfterMs?: number | null };
        if (code !== 'rate_limited' || waits === MOST_WAITS) throw error;
        await this.pause(retryAfterMs ?? 1000, signal);
      }
    }
  }
}

async function wait(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal });
}
