import { malformed } from './refusal.js';

/** Of one connection only; `Host` and the framing are written anew. */
export const OF_ONE_HOP: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** What `Connection` cannot take away without another reader seeing another request. */
const NOT_OF_ONE_HOP: ReadonlySet<string> = new Set([
  'content-length',
  'host',
  'transfer-encoding',
]);
const ONCE: readonly string[] = ['content-length', 'host', 'transfer-encoding'];
const MOST_HEADERS = 100;

export type Framing = 'chunked' | 'length' | 'none';

export function hasBody(headers: object): boolean {
  return 'content-length' in headers || 'transfer-encoding' in headers;
}

/** The headers of one message, in their order. */
export class HeaderList {
  readonly #pairs: readonly (readonly [name: string, value: string])[];

  constructor(raw: readonly string[]) {
    this.#pairs = raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? '']] : []));
  }

  values(name: string): string[] {
    return this.#pairs.filter((pair) => pair[0].toLowerCase() === name).map(([, value]) => value);
  }

  /**
   * How the body of a request is delimited. Throws `Refusal` for a request that another reader might
   * read as another one.
   */
  framing(): Framing {
    if (this.#pairs.length > MOST_HEADERS)
      throw malformed('The request has too many headers.', 431);
    const twice = ONCE.find((name) => this.values(name).length > 1);
    if (twice !== undefined) throw malformed(`The request has two headers ${twice}.`);
    if (this.#hops().some((name) => NOT_OF_ONE_HOP.has(name))) {
      throw malformed('Connection names a header that is not of one connection.');
    }
    const [encoding] = this.values('transfer-encoding');
    const [length] = this.values('content-length');
    if (encoding === undefined) return length === undefined ? 'none' : 'length';
    if (length !== undefined) {
      throw malformed('The request has both Transfer-Encoding and Content-Length.');
    }
    if (encoding.toLowerCase() === 'chunked') return 'chunked';
    throw malformed('The only Transfer-Encoding that is taken is chunked.');
  }

  /** Name and value by turns: what is passed on. */
  passedOn(): string[] {
    const hops = new Set(this.#hops());
    return this.#pairs
      .filter(([name]) => isPassedOn(name.toLowerCase(), hops))
      .flatMap(([name, value]) => [name, value]);
  }

  #hops(): string[] {
    return this.values('connection').flatMap((value) =>
      value.split(',').map((name) => name.trim().toLowerCase()),
    );
  }
}

function isPassedOn(name: string, hops: ReadonlySet<string>): boolean {
  if (OF_ONE_HOP.has(name) || hops.has(name)) return false;
  return !name.startsWith('proxy-') && name !== 'x-risoluto-egress';
}
