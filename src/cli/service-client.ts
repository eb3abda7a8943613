import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';

import { exchange } from './service/exchange.js';
import type { ServiceAddress } from './service/service-address.js';
import { errorOf, foreignAnswer, unreachable } from './service/service-error.js';

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface RequestOptions {
  query?: Query;
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  body?: unknown;
  signal?: AbortSignal;
  /** Until the whole answer is there; 30 s unless told. */
  timeoutMs?: number;
}

/** A page of one of the service's lists. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

const TIMEOUT_MS = 30_000;
/** Of a file: the service ends what is slower. */
const FILE_TIMEOUT_MS = 65 * 60_000;
const MOST_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * The service's REST API. Paths begin behind `/api/v1`; redirects are not followed, since they would
 * carry the token elsewhere.
 *
 * Every method throws `ServiceRefusal` for an error that the service answers and
 * `ServiceUnreachable` for no answer or one that is not the service's.
 */
export class ServiceClient {
  constructor(private readonly address: ServiceAddress) {}

  get url(): string {
    return this.address.url;
  }

  get<T>(path: string, options?: RequestOptions): Promise<T> {
    return this.request<T>('GET', path, options);
  }

  /** Everything in a list, page by page. */
  async *list<T>(path: string, query: Query = {}): AsyncGenerator<T> {
    let cursor: string | undefined;
    do {
      const page = await this.get<Page<T>>(path, { query: { limit: 200, ...query, cursor } });
      yield* page.items;
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }

  /** The parsed answer; `undefined` for 204. */
  async request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const limit = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
    const signal = options.signal ? AbortSignal.any([limit, options.signal]) : limit;
    const response = await this.#open(method, path, { ...options, signal });
    try {
      return (await this.#answer(response)) as T;
    } catch (error) {
      if (limit.aborted) throw unreachable(this.url, limit.reason);
      throw error;
    }
  }

  /** Answers once the headers are there; the caller reads or destroys the body. */
  async stream(
    path: string,
    options: { query?: Query; headers?: Readonly<Record<string, string>>; signal?: AbortSignal },
  ): Promise<IncomingMessage> {
    const response = await this.#open('GET', path, options);
    if (response.statusCode === 200) return response;
    await this.#answer(response);
    throw foreignAnswer(this.url, response.statusCode ?? 0);
  }

  /** Whether there is something at a path, without asking for it. */
  async exists(path: string): Promise<boolean> {
    const response = await this.#open('HEAD', path, {});
    response.resume();
    if (response.statusCode === 200) return true;
    if (response.statusCode === 404) return false;
    // The answer to HEAD does not say why.
    await this.request('GET', path);
    throw foreignAnswer(this.url, response.statusCode ?? 0);
  }

  /** Puts a tar.gz there; ended when the whole answer is. */
  async send(path: string, file: Readable, signal: AbortSignal): Promise<void> {
    const response = await this.#open('PUT', path, {
      headers: { 'content-type': 'application/gzip' },
      file,
      signal,
      timeoutMs: FILE_TIMEOUT_MS,
    });
    await this.#answer(response);
  }

  async #open(
    method: string,
    path: string,
    options: RequestOptions & { file?: Readable },
  ): Promise<IncomingMessage> {
    const reads = method === 'GET' || method === 'HEAD';
    const token = reads ? this.address.readToken : this.address.writeToken;
    try {
      return await exchange(`${this.url}/api/v1${path}${search(options.query)}`, {
        method,
        headers: {
          accept: 'application/json',
          ...(token !== null && { authorization: `Bearer ${token}` }),
          ...options.headers,
        },
        body: options.body === undefined ? (options.file ?? null) : JSON.stringify(options.body),
        headersTimeoutMs: options.timeoutMs ?? TIMEOUT_MS,
        signal: options.signal ?? null,
      });
    } catch (error) {
      throw unreachable(this.url, error);
    }
  }

  async #answer(response: IncomingMessage): Promise<unknown> {
    const status = response.statusCode ?? 0;
    const text = await this.#text(response);
    const json = /^application\/json\b/i.test(response.headers['content-type'] ?? '');
    const body = json ? parsed(text) : undefined;
    if (status >= 400) throw errorOf(this.url, status, body, response.headers['retry-after']);
    if (status === 204) return undefined;
    if (status < 200 || status >= 300 || body === undefined) throw foreignAnswer(this.url, status);
    return body;
  }

  async #text(response: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > MOST_ANSWER_BYTES) throw new Error('the answer is larger than 64 MiB');
        chunks.push(chunk);
      }
    } catch (error) {
      throw unreachable(this.url, error);
    }
    return Buffer.concat(chunks).toString('utf8');
  }
}

function search(query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  return parameters.size > 0 ? `?${parameters.toString()}` : '';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
