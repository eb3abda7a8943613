import type { DecisionReason } from '../decisions/decision.js';

/** Why a connection is not made, with what the client is told of it. */
export class Refusal extends Error {
  readonly reason: DecisionReason;
  readonly status: number;
  /** Not where nothing was denied: a client is asked for credentials, or its connection is written down. */
  readonly isWrittenDown: boolean;

  /** `text` is one line that a person understands; it holds nothing that a client wrote unchecked. */
  constructor(reason: DecisionReason, status: number, text: string, isWrittenDown = true) {
    super(text);
    this.reason = reason;
    this.status = status;
    this.isWrittenDown = isWrittenDown;
  }
}

export function malformed(text: string, status = 400): Refusal {
  return new Refusal('malformed', status, text);
}
