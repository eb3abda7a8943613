import type { EgressEntry } from '../../config/egress-entry.js';
import type { CredentialRoute } from './routes/credential-route.js';

/** A turn's sandbox that may use the gateway, from its grant until its address is closed. */
export interface GatewaySession {
  readonly runId: string;
  readonly turn: number;
  /** The sandbox's own address; no other is served with its credentials. */
  readonly address: string;
  /** What the request narrowed the operator's list to; `null`: nothing. */
  readonly requested: readonly EgressEntry[] | null;
  /** The credential routes that it may use; left out: none. */
  readonly routes?: readonly string[];
  /** It may use nothing else. */
  readonly routesOnly?: boolean;
  /** What of its requests is written down, without what its turn holds secret; left out: nothing is. */
  readonly masked?: (text: string) => string;
}

/** The gateway as a sandbox is told of it. */
export interface GatewayAddress {
  readonly address: string;
  readonly port: number;
}

/** `egress` of the settings, as it is now. */
export interface EgressRules {
  /** Empty: everything but blocked addresses. */
  readonly allowlist: readonly EgressEntry[];
  readonly mode: 'enforce' | 'observe';
  /** CIDR ranges that are reachable although they are private. */
  readonly internalRanges: readonly string[];
  readonly routes: readonly CredentialRoute[];
  readonly limits: {
    readonly connections: number;
    readonly newConnectionsPerSecond: number;
    /** Both directions; 0: no limit. */
    readonly bytes: number;
  };
}
