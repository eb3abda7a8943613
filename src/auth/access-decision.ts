import type { ErrorCode } from '../kernel/error-codes.js';
import type { Actor } from '../kernel/origin.js';
import type { RouteAccess } from '../kernel/route-metadata.js';

/** A credential, as far as the decision goes: there was none, it was right, or it was not. */
export type Presented = 'none' | 'valid' | 'invalid';

/** All that the decision depends on. */
export interface AccessFacts {
  /** From the route's metadata; `undefined` where it declares nothing. */
  readonly access: RouteAccess | undefined;
  readonly method: string;
  /** See `isLocalRequest`. */
  readonly local: boolean;
  /** The socket's peer lies in a sandbox network. */
  readonly fromSandbox: boolean;
  readonly writeTokenSet: boolean;
  readonly readTokenSet: boolean;
  /** Measured against the write token. */
  readonly writeToken: Presented;
  /** Measured against the read token. */
  readonly readToken: Presented;
}

export type DenialCode = Extract<
  ErrorCode,
  | 'access_undeclared'
  | 'sandbox_forbidden'
  | 'write_unauthorized'
  | 'write_forbidden'
  | 'read_unauthorized'
>;

export type AccessDecision =
  | { readonly allowed: true; readonly actor: Actor }
  | { readonly allowed: false; readonly code: DenialCode };

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Who may do what; the table of the write guard, and nothing else, decides. A route that declares a
 * read and is called with a method that writes is held to be a write: a wrong declaration must not
 * open anything.
 */
export function decideAccess(facts: AccessFacts): AccessDecision {
  const { access } = facts;
  if (access === undefined) return denied('access_undeclared');
  const safe = SAFE_METHODS.has(facts.method);
  if (!safe && facts.fromSandbox) return denied('sandbox_forbidden');
  if (access === 'signed') return allowed(facts);
  if (access === 'write' || !safe) return decideWrite(facts);
  return access === 'read' ? decideRead(facts) : allowed(facts);
}

function decideWrite(facts: AccessFacts): AccessDecision {
  if (facts.writeTokenSet) {
    return facts.writeToken === 'valid' ? allowed(facts) : denied('write_unauthorized');
  }
  return facts.local ? allowed(facts) : denied('write_forbidden');
}

function decideRead(facts: AccessFacts): AccessDecision {
  const open = !facts.readTokenSet || facts.local;
  const shown =
    facts.readToken === 'valid' || (facts.writeTokenSet && facts.writeToken === 'valid');
  return open || shown ? allowed(facts) : denied('read_unauthorized');
}

function allowed(facts: AccessFacts): AccessDecision {
  const byToken = facts.writeTokenSet && facts.writeToken === 'valid';
  return { allowed: true, actor: byToken ? 'write-token' : 'loopback' };
}

function denied(code: DenialCode): AccessDecision {
  return { allowed: false, code };
}
