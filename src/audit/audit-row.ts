/** One link of the chain, as stored. */
export interface AuditRow {
  /** From 1, ours, without gaps. */
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly requestId: string | null;
  /** JSON text. */
  readonly details: string | null;
  /** `hash` of the row before; 64 zeros for the first. */
  readonly prevHash: string;
  /** 64 lower-case hex digits. */
  readonly hash: string;
  /** Which `audit.key` made the hash. */
  readonly keyId: string;
}

export type UnsignedAuditRow = Omit<AuditRow, 'hash'>;

/** The last link. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

/** Before the first row. */
export const GENESIS: ChainHead = Object.freeze({ seq: 0, hash: '0'.repeat(64) });
