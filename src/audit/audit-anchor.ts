import type { ChainHead } from './audit-row.js';

export type AnchorState =
  | { readonly state: 'kept'; readonly head: ChainHead }
  /** Nothing is there: before the first start, or somebody took it away. */
  | { readonly state: 'missing' }
  /** Something is there that this audit key did not sign. */
  | { readonly state: 'damaged' };

/** Keeps the chain's last link outside the table, so that rows cut from its end are missed. */
export abstract class AuditAnchor {
  abstract read(): Promise<AnchorState>;

  /** Durable when it resolves: `replaced` what was there, or `made` it because nothing was. */
  abstract write(head: ChainHead): Promise<'replaced' | 'made'>;
}
