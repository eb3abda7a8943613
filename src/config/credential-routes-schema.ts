import { z } from 'zod';

import { parseAuthority, type Host } from '../kernel/host-name.js';

/** Of a route, and the part behind `/r/` in its address. */
const ROUTE_NAME = /^[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,31}$/;
const SECRET_NAME = /^[A-Za-z0-9_.:-]{1,128}$/;
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const PLACEHOLDER = /\{\{ *secret *\}\}/g;
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
      .default('Bearer {{ secret }}')
      .describe('The value of the header'),
    secret: z
      .string()
      .regex(SECRET_NAME, 'must be the name of a stored secret')
      .describe('The stored secret; while there is none, the route answers 503'),
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
  .refine(({ upstream, plainHttp }) => plainHttp || !upstream.startsWith('http:'), {
    path: ['upstream'],
    message: 'must be https; plainHttp: true lets it be http',
  });

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
  });

export type CredentialRouteSettings = z.output<typeof routeSchema>;
