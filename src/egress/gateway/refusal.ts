import type { DecisionReason } from '../decisions/decision.js';

interface RefusalOptions {
  isWrittenDown?: boolean;
  retryAfterSeconds?: number | null;
}

/** Why a connection is not made, with what the client is told of it. */
export class Refusal extends Error {
  readonly reason: DecisionReason;
  readonly status: number;
  /** Not where nothing was denied: a client is asked for credentials, or its connection is written down. */
  readonly isWrittenDown: boolean;

  /** Sent as `Retry-After`; `null`: not at all. */
  readonly retryAfterSeconds: number | null;

  /** `text` is one line that a person understands; it holds nothing that a client wrote unchecked. */
  constructor(
    reason: DecisionReason,
    status: number,
    text: string,
    { isWrittenDown = true, retryAfterSeconds = null }: RefusalOptions = {},
  ) {
    super(text);
    this.reason = reason;
    this.status = status;
    this.isWrittenDown = isWrittenDown;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export function malformed(text: string, status = 400): Refusal {
  return new Refusal('malformed', status, text);
}
