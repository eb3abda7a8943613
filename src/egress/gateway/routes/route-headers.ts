import { hostText } from '../../../kernel/host-name.js';
import { HeaderList, OF_ONE_HOP } from '../request-headers.js';
import type { CredentialRoute, RouteCredential } from './credential-route.js';
import { ROUTES_PATH } from './route-environment.js';
import type { MaskForms } from './value-mask.js';

/**
 * What a sandbox does not send to an upstream: credentials of its own, with which it could reach
 * somebody else's account there; what says who is behind the gateway, or asks for another method or
 * path than the one that was judged; what would have the answer come in a form that cannot be searched.
 */
const NOT_SENT: ReadonlySet<string> = new Set([
  'accept-encoding',
  'api-key',
  'apikey',
  'authorization',
  'base-url',
  'cookie',
  'cookie2',
  'forwarded',
  'http2-settings',
  'if-range',
  'private-token',
  'range',
  'sec-websocket-extensions',
  'via',
  'x-access-token',
  'x-amz-security-token',
  'x-api-key',
  'x-auth-token',
  'x-goog-api-key',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-url',
  'x-real-ip',
  'x-rewrite-url',
]);

/** Of one connection or of one message's form: never to be sent in a spelling that some server reads as theirs. */
const OF_THE_MESSAGE: ReadonlySet<string> = new Set([
  ...OF_ONE_HOP,
  'content-encoding',
  'content-length',
]);

/** Cookies can be worth as much as the secret; the others name ways around the gateway. */
const NOT_HANDED_BACK: ReadonlySet<string> = new Set([
  'alt-svc',
  'sec-websocket-extensions',
  'set-cookie',
  'set-cookie2',
]);

type Pair = readonly [name: string, value: string];

/** Name and value by turns: what the sandbox sends of its own, and what the route adds. */
export function sentOn(
  headers: readonly string[],
  { reservedHeaders }: CredentialRoute,
  credential: RouteCredential,
): string[] {
  const own = new Set(
    [...reservedHeaders, ...credential.headers.map(({ name }) => name)].map(spelled),
  );
  const kept = pairsOf(headers).filter(([name]) => {
    const known = spelled(name);
    if (OF_THE_MESSAGE.has(known) && name.includes('_')) return false;
    return !own.has(known) && !NOT_SENT.has(known) && !known.startsWith('x-forwarded-');
  });
  return [
    ...kept.flat(),
    'Accept-Encoding',
    'identity',
    ...credential.headers.flatMap(({ name, value }) => [name, value.reveal()]),
  ];
}

/** Name and value by turns, each without the secret. `recoded`: the body comes in another coding. */
export function handedBack(
  rawHeaders: readonly string[],
  route: CredentialRoute,
  { forms, recoded }: { forms: MaskForms; recoded: boolean },
): string[] {
  return pairsOf(new HeaderList(rawHeaders).passedOn())
    .filter(([name]) => !NOT_HANDED_BACK.has(name.toLowerCase()))
    .filter(([name]) => !recoded || !/^content-(encoding|length|md5)$/i.test(name))
    .map(([name, value]) => [forms.masked(name), forms.masked(value)] as const)
    .flatMap(([name, value]) => [name, isPlace(name) ? throughRoute(value, route) : value]);
}

/** `X_Api_Key` is `X-Api-Key` for many a server. */
function spelled(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

function pairsOf(list: readonly string[]): Pair[] {
  return list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1] ?? ''] as const] : []));
}

function isPlace(name: string): boolean {
  return /^(content-)?location$/i.test(name);
}

/** A place below the upstream is one below the route for the sandbox; any other stays what it is. */
function throughRoute(location: string, { name, upstream }: CredentialRoute): string {
  const { tls, host, port, basePath } = upstream;
  const scheme = tls ? 'https:' : 'http:';
  const here = `${scheme}//${hostText(host)}:${port}`;
  const url = URL.canParse(location, here) ? new URL(location, here) : null;
  if (url === null || url.protocol !== scheme || url.username !== '') return location;
  if (url.origin !== new URL(here).origin) return location;
  const rooted = location.startsWith('/') || /^https?:/i.test(location);
  const below = url.pathname === basePath || url.pathname.startsWith(`${basePath}/`);
  if (!rooted || !below) return location;
  return `${ROUTES_PATH}${name}${url.pathname.slice(basePath.length)}${url.search}${url.hash}`;
}
