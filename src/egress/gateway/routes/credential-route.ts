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
  readonly header: string;
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
  /** Other for another secret; says nothing of it. */
  readonly stamp: string;
}

/** Or why there is none, in one line for whoever asks. */
export type CredentialState = RouteCredential | { readonly problem: string };

/** Of settings that were checked when they were read. */
export function checkedRoute(settings: CredentialRouteSettings): CredentialRoute {
  const upstream = parseUpstream(settings.upstream);
  if (upstream === null) throw new TypeError(`not an upstream: ${settings.upstream}`);
  const { name, header, methods, paths, rateLimit } = settings;
  const requestsPerMinute = rateLimit?.requestsPerMinute ?? null;
  const stamp = JSON.stringify(settings);
  return { name, upstream, header, methods, paths, requestsPerMinute, stamp };
}

export function targetOf({
  upstream: { host, port },
}: CredentialRoute): Pick<RouteUpstream, 'host' | 'port'> {
  return { host, port };
}
