/**
 * What follows from a failure. `retry`: another attempt may do; `give_up`: none will; `skip`: nobody
 * has said with what to send.
 */
export type Consequence = 'retry' | 'give_up' | 'skip';

export interface SendFailureOptions {
  readonly consequence: Consequence;
  /** For so long the server wants no request at all, of any message. */
  readonly quietMs?: number | undefined;
  /** The server answered, so it may have done what it was asked for. */
  readonly answered?: boolean;
}

/** A message, or a part of it, could not be sent. */
export class SendFailure extends Error {
  readonly consequence: Consequence;
  readonly quietMs: number | undefined;
  readonly answered: boolean;

  constructor(
    /** A stable word. */
    readonly reason: string,
    /** For people; holds no secret. */
    message: string,
    options: SendFailureOptions,
  ) {
    super(message);
    this.name = 'SendFailure';
    this.consequence = options.consequence;
    this.quietMs = options.quietMs;
    this.answered = options.answered ?? false;
  }
}
