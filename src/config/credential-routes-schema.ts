import { z } from 'zod';

import { parseAuthority, type Host } from '../kernel/host-name.js';
import { secretReference } from './secret-reference.js';

/** Of a route, and the part behind `/r/` in its address. */
const ROUTE_NAME = /^[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,31}$/;
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const PLACEHOLDER = /\{\{ *secret *\}\}/g;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
/** Printable ASCII: what stands in a header between its name and the end of the line. */
const HEADER_TEXT = /^[\x20-\x7e]*$/;
/** Segments of characters that no server reads in two ways. */
const PATH = /^(?:\/[A-Za-z0-9._~!$&'()+,=:@-]+)+(?:\/\*)?\/?$|^\/\*?$/;

/** What delimits a message, belongs to one connection, or names whom it is for. */
const FRAMING_HEADERS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'date',
  'expect',
  'forwarded',
  'host',
  'http2-settings',
  'keep-alive',
  'range',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
]);

/** `CONNECT` and `TRACE` are none of an API: one is a tunnel, the other sends the header back. */
export const ROUTE_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

export interface RouteUpstream {
  readonly tls: boolean;
  readonly host: Host;
  readonly port: number;
  /** Before every path that is asked for; without a slash at its end. */
  readonly basePath: string;
}

/** `null` for anything but a place that a path can be put behind. */
export function parseUpstream(text: string): RouteUpstream | null {
  const match = /^(https?):\/\/([^/?#\\]*)(\/[^?#\\]*)?$/.exec(text);
  const authority = parseAuthority(match?.[2] ?? '');
  if (match === null || authority === null) return null;
  const basePath = (match[3] ?? '').replace(/\/$/, '');
  if (basePath !== '' && (!PATH.test(basePath) || basePath.endsWith('*'))) return null;
  if (hasDots(basePath)) return null;
  const tls = match[1] === 'https';
  return { tls, host: authority.host, port: authority.port ?? (tls ? 443 : 80), basePath };
}

/** The value of a route's header. */
export function filledTemplate(template: string, secret: string): string {
  return template.replaceAll(PLACEHOLDER, () => secret);
}

function hasDots(path: string): boolean {
  return path.split('/').some((segment) => segment === '.' || segment === '..');
}

function isFraming(header: string): boolean {
  const name = header.toLowerCase();
  return (
    FRAMING_HEADERS.has(name) ||
    ['proxy-', 'sec-websocket-', 'x-risoluto-'].some((prefix) => name.startsWith(prefix))
  );
}

const CODEX_AUTH_RULE = 'must be true, for ~/.codex/auth.json, or the absolute path of such a file';
const DEFAULT_TEMPLATE = 'Bearer {{ secret }}';
/** Where Codex renews its tokens, unless a route says another place. */
export const CODEX_REFRESH_URL = 'https://auth.openai.com/oauth/token';

/** An address for secrets: https, or this host itself. */
function isRefreshUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password, hash } = new URL(text);
  if (`${username}${password}${hash}` !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
}

const routeSchema = z
  .strictObject({
    name: z
      .string()
      .regex(ROUTE_NAME, 'must be 1 to 32 lower-case letters, digits or single -, a letter first')
      .describe('Names it in requests, in its address and in RISOLUTO_ROUTE_<NAME>'),
    upstream: z
      .string()
      .max(2000)
      .refine((text) => parseUpstream(text) !== null, {
        message: 'must be https://host, with a port and a path if need be, and nothing else',
      })
      .describe('Where its requests go; its path stands before theirs'),
    plainHttp: z
      .boolean()
      .default(false)
      .describe('Lets `upstream` be http: whoever is on the way reads the secret'),
    header: z
      .string()
      .regex(TOKEN, 'must be the name of a header')
      .refine((name) => !isFraming(name), {
        message: 'must not be a header that delimits or addresses a message',
      })
      .optional()
      .describe('The header that carries the secret; the sandbox cannot set it'),
    valueTemplate: z
      .string()
      .max(1000)
      .regex(HEADER_TEXT, 'must be printable ASCII on one line')
      .refine((text) => (text.match(PLACEHOLDER) ?? []).length === 1, {
        message: 'must hold the placeholder {{ secret }} once',
      })
      .refine((text) => !/\{\{|\}\}/.test(text.replaceAll(PLACEHOLDER, '')), {
        message: 'must hold no placeholder but {{ secret }}',
      })
      .default(DEFAULT_TEMPLATE)
      .describe('The value of the header'),
    secret: secretReference
      .optional()
      .describe('The stored secret; while there is none, the route answers 503'),
    codexAuth: z
      .union(
        [
          z.literal(true),
          z
            .string()
            .max(4096)
            .regex(/^\/[^\0]*[^\0/]$/, CODEX_AUTH_RULE),
        ],
        { error: CODEX_AUTH_RULE },
      )
      .optional()
      .describe('In place of `secret` and `header`: the login that Codex has on the host'),
    refreshUrl: z
      .string()
      .max(2000)
      .refine(isRefreshUrl, {
        message: 'must be https, or http to this host itself with plainHttp: true',
      })
      .optional()
      .describe(`Where tokens of \`codexAuth\` are renewed; default: ${CODEX_REFRESH_URL}`),
    methods: z
      .array(z.enum(ROUTE_METHODS, { error: `must be one of ${ROUTE_METHODS.join(', ')}` }))
      .min(1)
      .max(ROUTE_METHODS.length)
      .default([...ROUTE_METHODS])
      .describe('What may be asked of it'),
    paths: z
      .array(
        z
          .string()
          .max(1000)
          .regex(PATH, 'must be a path, or a path and /* for all below it, without escapes')
          .refine((path) => !hasDots(path), { message: 'must not contain . or .. segments' }),
      )
      .min(1)
      .max(100)
      .default(['/*'])
      .describe('Below `upstream`: `/models` itself, `/models/*` all below it'),
    rateLimit: z
      .strictObject({
        requestsPerMinute: z.number().int().min(1).max(1_000_000).describe('Of one turn'),
      })
      .optional()
      .describe('Beyond it a request is answered 429'),
  })
  .superRefine((route, context) => {
    for (const [key, message] of Object.entries(problemsOf(route))) {
      context.addIssue({ code: 'custom', path: [key], message });
    }
  });

/** What each key alone does not tell. */
function problemsOf(route: Readonly<Record<string, unknown>>): Record<string, string> {
  const { plainHttp, upstream, refreshUrl } = route;
  const plain = (url: unknown): boolean => plainHttp !== true && /^http:/i.test(String(url));
  return {
    ...(plain(upstream) && { upstream: 'must be https; plainHttp: true lets it be http' }),
    ...(plain(refreshUrl) && { refreshUrl: 'must be https; plainHttp: true lets it be http' }),
    ...(route.codexAuth === undefined ? secretProblems(route) : codexProblems(route)),
  };
}

function secretProblems({ secret, header, refreshUrl }: Readonly<Record<string, unknown>>) {
  return {
    ...(secret === undefined && {
      secret: 'is missing: the name of a stored secret, or codexAuth',
    }),
    ...(header === undefined && { header: 'is missing: the name of the header for the secret' }),
    ...(refreshUrl !== undefined && { refreshUrl: 'is of use with codexAuth alone' }),
  };
}

function codexProblems({ secret, header, valueTemplate }: Readonly<Record<string, unknown>>) {
  return {
    ...(secret !== undefined && { secret: 'must not stand beside codexAuth: one of the two' }),
    ...(header !== undefined && { header: 'must not stand beside codexAuth, which has its own' }),
    ...(valueTemplate !== DEFAULT_TEMPLATE && {
      valueTemplate: 'must not stand beside codexAuth, which has its own',
    }),
  };
}

/** Ways to other services on which the gateway adds what the sandbox never holds. */
export const credentialRoutesSchema = z
  .array(routeSchema)
  .max(64)
  .superRefine((routes, context) => {
    for (const [index, { name }] of routes.entries()) {
      if (routes.findIndex((one) => one.name === name) === index) continue;
      context.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: 'is the name of an earlier route',
      });
    }
    for (const [index, route] of routes.entries()) {
      if (route.codexAuth === undefined) continue;
      const first = routes.find(({ codexAuth }) => codexAuth === route.codexAuth);
      if (first?.refreshUrl === route.refreshUrl) continue;
      context.addIssue({
        code: 'custom',
        path: [index, 'refreshUrl'],
        message: 'must be that of the earlier route with the same codexAuth: one login, one place',
      });
    }
  });

export type CredentialRouteSettings = z.output<typeof routeSchema>;
/** With a stored secret in a header of the operator's choice. */
export type SecretRouteSettings = CredentialRouteSettings & { secret: string; header: string };
/** With the login of the host's Codex. */
export type CodexRouteSettings = CredentialRouteSettings & { codexAuth: string | true };

export function isSecretRoute(route: CredentialRouteSettings): route is SecretRouteSettings {
  return route.secret !== undefined && route.header !== undefined;
}

export function isCodexRoute(route: CredentialRouteSettings): route is CodexRouteSettings {
  return route.codexAuth !== undefined;
}
