import {
  parseUpstream,
  type CredentialRouteSettings,
  type RouteUpstream,
} from '../../../config/credential-routes-schema.js';
import type { Redacted } from '../../../kernel/redacted.js';

/** One of the operator's, as the gateway serves it. */
export interface CredentialRoute {
  readonly name: string;
  readonly upstream: RouteUpstream;
  /** Which no sandbox sets. */
  readonly reservedHeaders: readonly string[];
  readonly methods: readonly string[];
  readonly paths: readonly string[];
  /** Of one turn; `null`: no limit. */
  readonly requestsPerMinute: number | null;
  /** The same for the same settings. */
  readonly stamp: string;
}

/** What is added to the requests of a route. */
export interface RouteCredential {
  readonly headers: readonly { readonly name: string; readonly value: Redacted }[];
  /** By which the secret is known in an answer. */
  readonly forms: readonly Buffer[];
  /** Other for another secret; says nothing of it. What goes on with a former one is cut. */
  readonly stamp: string;
  /**
   * Told that an upstream answered 401 to this. The answer is handed back when the promise settles,
   * so that whoever reads it and tries again finds what is new. Never rejects.
   */
  readonly refused?: () => Promise<void>;
}

/** What the gateway adds where the login of a host's Codex is used, and so takes from no sandbox. */
export const CODEX_HEADERS = ['Authorization', 'chatgpt-account-id'] as const;

/** Or why there is none, in one line for whoever asks. */
export type CredentialState = RouteCredential | { readonly problem: string };

/** Of settings that were checked when they were read. */
export function checkedRoute(settings: CredentialRouteSettings): CredentialRoute {
  const upstream = parseUpstream(settings.upstream);
  if (upstream === null) throw new TypeError(`not an upstream: ${settings.upstream}`);
  const { name, header, methods, paths, rateLimit } = settings;
  const reservedHeaders = header === undefined ? CODEX_HEADERS : [header];
  const requestsPerMinute = rateLimit?.requestsPerMinute ?? null;
  const stamp = JSON.stringify(settings);
  return { name, upstream, reservedHeaders, methods, paths, requestsPerMinute, stamp };
}

export function targetOf({
  upstream: { host, port },
}: CredentialRoute): Pick<RouteUpstream, 'host' | 'port'> {
  return { host, port };
}
