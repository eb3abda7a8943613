import type { ApiSurface, Operation, Parameter } from './api-surface.js';
import { anyBody, encodeBody, type Body } from './bodies.js';
import type { Dice } from './dice.js';
import { CANARY, RUN, oddText } from './odd-values.js';
import { SchemaValues } from './schema-values.js';

/** One request as it goes out, and what is known about it beforehand. */
export interface Attempt {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer | null;
  /** The connection ends in the middle of the body. */
  cut: boolean;
  /** It may be answered for as long as a run goes on. */
  stream: boolean;
  /** The documented one, where method and path are as documented. */
  operation: Operation | null;
  /** Nobody may be let in as a writer with it. */
  unauthorised: boolean;
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND'];
const OTHER_PATHS = ['/', '/docs', '/docs/', '/docs/{any}', '/{any}', '/api/v1', '/api/v1/{any}'];
const ODD_PARTS = [
  '..',
  '%2e%2e',
  '..%2f..',
  '%2F',
  'a%2Fb',
  '%00',
  '%zz',
  '%',
  '%ff',
  '%C0%AE',
  '*',
];
/** Waiting is tried elsewhere: here it would only take time. */
const CHEAP: Readonly<Record<string, readonly string[]>> = { wait: ['0', '1', '61', '-1', 'x'] };

const BEHIND_SOMEBODY: readonly [string, string][] = [
  ['x-forwarded-for', '203.0.113.9'],
  ['forwarded', 'for=203.0.113.9'],
  ['x-real-ip', '203.0.113.9'],
  ['host', 'evil.example'],
  ['origin', 'https://evil.example'],
  ['sec-fetch-site', 'cross-site'],
];

/** An overlay with a low limit would have most of what comes after it refused before it is read. */
function withoutLimits(body: Body | null): Body | null {
  if (!body?.bytes.includes('rateLimits')) return body;
  const text = body.bytes.toString('latin1').replaceAll('rateLimits', 'rateLimit');
  return { ...body, bytes: Buffer.from(text, 'latin1') };
}

/** Makes requests for a service: to all that its document names, near to good ones and far from any. */
export class Attempts {
  constructor(
    private readonly surface: ApiSurface,
    /** The service's write token; `null` where loopback alone decides. */
    private readonly token: string | null,
  ) {}

  make(dice: Dice): Attempt {
    const documented = dice.pick(this.surface.operations);
    const method = dice.chance(0.88) ? documented.method : dice.pick(METHODS);
    const template = dice.chance(0.95) ? documented.template : dice.pick(OTHER_PATHS);
    const values = new SchemaValues(this.surface, dice);
    const plain = pathFor(dice, template, documented.parameters, values);
    const path = dice.chance(0.04) ? mutatePath(dice, plain) : plain;
    const exact =
      path === plain && method === documented.method && template === documented.template;
    const body = withoutLimits(bodyFor(dice, documented, values));
    const headers = headersFor(dice, documented, values, body);
    const refused = this.#credentials(dice, headers);
    return {
      method,
      path: path + queryFor(dice, documented.parameters, values),
      headers,
      body: body?.bytes ?? null,
      cut: (body?.bytes.length ?? 0) > 1 && dice.chance(0.03),
      stream: /\/(output|egress)$/.test(template),
      operation: exact ? documented : null,
      unauthorised: refused,
    };
  }

  /** Adds what tells who asks; answers whether that must not do for a write. */
  #credentials(dice: Dice, headers: Record<string, string>): boolean {
    const { token } = this;
    if (token === null) {
      if (!dice.chance(0.15)) return false;
      const [name, value] = dice.pick(BEHIND_SOMEBODY);
      headers[name] = value;
      return true;
    }
    if (dice.chance(0.5)) {
      headers.authorization = `${dice.pick(['Bearer', 'bearer', 'BEARER'])} ${token}`;
      return false;
    }
    const wrong = dice.pick([
      ...['', 'Bearer', 'Bearer ', `Basic ${token}`, token, `Token ${token}`, `Bearer ${CANARY}`],
      ...[
        `Bearer ${token}x`,
        `Bearer ${token.slice(1)}`,
        `Bearer x, Bearer ${token}`,
        `"${token}"`,
      ],
      ...[`Bearer ${token.toUpperCase()}`, `Bearer ${'x'.repeat(8000)}`, `Digest x="${token}"`],
    ]);
    if (wrong !== '') headers.authorization = wrong;
    return true;
  }
}

function bodyFor(dice: Dice, { body }: Operation, values: SchemaValues): Body | null {
  if (body === null || dice.chance(0.03)) return anyBody(dice);
  return encodeBody(dice, values.of(body));
}

function pathFor(
  dice: Dice,
  template: string,
  parameters: readonly Parameter[],
  values: SchemaValues,
): string {
  return template.replace(/\{([^}]+)\}/g, (_braces, name: string) => {
    if (dice.chance(0.1)) return dice.pick(ODD_PARTS);
    if (dice.chance(0.1)) return encoded(oddText(dice)) || '%20';
    const schema = parameters.find((one) => one.name === name)?.schema ?? { type: 'string' };
    return encoded(textOf(values.of({ ...schema, type: 'string' }, name))) || '%20';
  });
}

function mutatePath(dice: Dice, path: string): string {
  const at = dice.below(path.length);
  return dice.pick([
    path.replace('/', '//'),
    `${path}/`,
    path.toUpperCase(),
    path.replaceAll('/', '%2F').replace('%2F', '/'),
    path.replace('api', 'api/./../api'),
    `${path};a=b`,
    `${path}%00`,
    `${path}#x`,
    `//127.0.0.1${path}`,
    path.slice(0, at) + String.fromCharCode(0x21 + dice.below(0x5d)) + path.slice(at),
  ]);
}

function queryFor(dice: Dice, parameters: readonly Parameter[], values: SchemaValues): string {
  const asked: string[] = [];
  for (const { name, schema, in: where } of parameters) {
    if (where !== 'query' || !dice.chance(0.35)) continue;
    const odd = dice.chance(0.3) ? oddText(dice) : textOf(values.of(schema ?? {}, name));
    const cheap = CHEAP[name];
    asked.push(`${encoded(name)}=${encoded(cheap === undefined ? odd : dice.pick(cheap))}`);
  }
  if (asked.length > 0 && dice.chance(0.05)) asked.push(dice.pick(asked));
  if (dice.chance(0.05))
    asked.push(`${dice.pick(['token', 'limit[]', '__proto__', 'a'])}=${CANARY}`);
  if (dice.chance(0.01)) asked.push(`long=${'x'.repeat(dice.pick([5000, 15_000, 40_000]))}`);
  if (dice.chance(0.02))
    asked.push(dice.pick(['%', '=', '&&&', '?', '%zz=%zz', '[]=1', 'a[b][c]=1']));
  return asked.length === 0 ? '' : `?${asked.join('&')}`;
}

function headersFor(
  dice: Dice,
  { parameters }: Operation,
  values: SchemaValues,
  body: Body | null,
): Record<string, string> {
  const headers: Record<string, string> = {};
  if (body !== null && body.contentType !== null) headers['content-type'] = body.contentType;
  for (const { name, schema, in: where } of parameters) {
    if (where === 'header' && dice.chance(0.4)) {
      headers[name.toLowerCase()] = headerText(textOf(values.of(schema ?? {}, name)));
    }
  }
  const names = [
    ...['accept', 'x-request-id', 'cookie', 'range', 'if-none-match', 'accept-encoding', 'te'],
    ...['content-encoding', 'x-http-method-override', 'upgrade-insecure-requests', 'prefer', 'via'],
  ];
  if (dice.chance(0.2)) headers[dice.pick(names)] = headerText(oddText(dice));
  if (dice.chance(0.2)) {
    headers.accept = dice.pick(['text/event-stream', 'text/plain', 'application/json', '*/*;q=x']);
  }
  if (dice.chance(0.05)) headers.cookie = CANARY;
  if (dice.chance(0.02)) headers.expect = dice.pick(['100-continue', 'x']);
  if (dice.chance(0.01)) headers['x-long'] = 'x'.repeat(dice.pick([4000, 15_000, 20_000]));
  return headers;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A lone surrogate, which no address can hold, becomes U+FFFD. */
function encoded(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}

/** What Node's client lets pass, which is all that a header can carry. */
function headerText(text: string): string {
  return text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '?').trim();
}

/** The id that a service gave, where the attempt has the one that stands for it. */
export function withRun(attempt: Attempt, runId: string): Attempt {
  return { ...attempt, path: attempt.path.replaceAll(RUN, runId) };
}
