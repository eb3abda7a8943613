/**
 * Who did it: `loopback`, `write-token`, `token:<name>`, `webhook:<source>`, `cli:<user>` (the
 * command line while the service was down, as that user of the operating system) or `system`.
 */
export type Actor =
  'loopback' | 'write-token' | `token:${string}` | `webhook:${string}` | `cli:${string}` | 'system';

/** Where a change comes from; handed explicitly from the controller down to the audit row. */
export interface Origin {
  readonly actor: Actor;
  /** `null` for what no request asked for. */
  readonly requestId: string | null;
}

export const SYSTEM_ORIGIN: Origin = Object.freeze({ actor: 'system', requestId: null });
