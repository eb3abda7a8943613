import type { Logger } from 'pino';

import type { RequestObserver } from './request-observers.js';

/** One line for each answer. Never a query, a body or a header but the client's own request id. */
export function accessLog(log: Logger): RequestObserver {
  return ({ durationMs, ...answered }) => {
    log.info({ ...answered, durationMs: Math.round(durationMs * 1000) / 1000 }, 'request');
  };
}
