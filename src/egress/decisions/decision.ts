/** One connection of a sandbox that the gateway allowed or denied. */
export interface Decision {
  readonly runId: string;
  readonly turn: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** In one spelling (`parseHost`), or what was asked for, cut and printable, where that is no host. */
  readonly host: string;
  /** 0 where none could be read. */
  readonly port: number;
  readonly allowed: boolean;
  /** The allowlist's entry that let it through; `null` where none did or none was needed. */
  readonly rule: string | null;
  /** A stable word: why it was denied, or `observed` for what only the observing mode let through. */
  readonly reason: DecisionReason | null;
  /** Of a request on a credential route, its name; then `host` is the route's upstream. */
  readonly route?: string | null;
  readonly method?: string | null;
  /** The upstream's, without the query, cut and printable. */
  readonly path?: string | null;
  /** What it was answered with. */
  readonly status?: number | null;
}

export const DECISION_REASONS = [
  // Allowed.
  'observed',
  // Denied.
  'credentials',
  'malformed',
  'not_listed',
  'port_not_listed',
  'literal_address',
  'blocked_address',
  'unresolved',
  'unreachable',
  'server_name_missing',
  'server_name_mismatch',
  'encrypted_hello',
  'not_tls',
  'host_mismatch',
  'connection_limit',
  'rate_limit',
  'byte_limit',
  'no_longer_listed',
  'no_network_access',
  'route_not_named',
  'route_method',
  'route_path',
  'route_rate',
  'route_credential',
  'route_answer',
  'route_revoked',
] as const;

export type DecisionReason = (typeof DECISION_REASONS)[number];

/** An allowed connection that goes on. */
export interface OpenDecision {
  /** Once, with the bytes of both directions; `reason` where it was cut rather than ended. */
  close(end: {
    bytesUp: number;
    bytesDown: number;
    status?: number | null;
    reason?: DecisionReason;
  }): void;
}

/** Where the gateway hands in its decisions. */
export abstract class DecisionRecorder {
  /**
   * Resolves when the denial is durable, so that a client that was answered never saw one that is
   * lost; where the database cannot be written, after two seconds at most, and it is kept in memory
   * and written as soon as it can be.
   */
  abstract denied(decision: Decision): Promise<void>;

  /** Never waits: an allowed connection is not slowed. */
  abstract allowed(decision: Decision): OpenDecision;

  /** Resolves when everything of the run that was handed in is durable, or after two seconds. */
  abstract settled(runId: string): Promise<void>;
}
