/** What bounds a client that is slow, or pretends to be. All in milliseconds. */
export interface ServerTimeouts {
  /** From a request's first byte to the end of its headers. */
  readonly headersMs: number;
  /** From a request's first byte to the end of its body. */
  readonly requestMs: number;
  /** A connection on which nothing moves, in either direction; longer than any long poll. */
  readonly idleConnectionMs: number;
  /** Between two requests on one connection. */
  readonly keepAliveMs: number;
  /** How often the first two are looked at; seldom would mean many connections at a time. */
  readonly checkEveryMs: number;
}

export const SERVER_TIMEOUTS: ServerTimeouts = {
  headersMs: 15_000,
  requestMs: 60_000,
  idleConnectionMs: 120_000,
  keepAliveMs: 65_000,
  checkEveryMs: 1_000,
};
