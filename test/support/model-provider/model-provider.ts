import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Server as Listener } from 'node:net';

import { closingEvent, openingEvents } from './event-stream.js';
import { says, type ModelReply } from './model-reply.js';

/** A request that reached the provider, with its body as it came. */
export interface ProviderRequest {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Script {
  readonly marker: string;
  readonly replies: ModelReply[];
}

/**
 * A model provider of the tests' own: the part of the Responses API over server-sent events that
 * Codex speaks. What it answers is scripted by a mark in the prompt, so that several agents can use
 * one at a time; it keeps every request with its headers.
 */
export class ModelProvider {
  readonly requests: ProviderRequest[] = [];
  /** Streams that a client left before their end. */
  left = 0;
  readonly #scripts: Script[] = [];
  readonly #waiting = new Set<() => void>();
  #responses = 0;

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const body = Buffer.concat(chunks).toString('utf8');
        const record = { at: Date.now(), method, path: url, headers, body };
        this.requests.push(record);
        this.#answer(record, response);
        for (const wake of this.#waiting) wake();
      });
    });
  }

  /** On a port of its own of this machine's loopback, or where `at` listens already. */
  static async start(at?: Listener): Promise<ModelProvider> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      if (at === undefined) server.listen(0, '127.0.0.1', resolve);
      else server.listen(at, resolve);
    });
    return new ModelProvider(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Requests whose body holds `marker` get these replies, one each; then it says `done`. */
  script(marker: string, ...replies: ModelReply[]): void {
    this.#scripts.push({ marker, replies });
  }

  /** Requests for a response whose body holds `marker`, oldest first. */
  asked(marker: string): ProviderRequest[] {
    return this.requests.filter(
      ({ method, path, body }) =>
        method === 'POST' && pathOf(path).endsWith('/responses') && body.includes(marker),
    );
  }

  /** Resolves once `count` requests with this mark have come. */
  async awaited(marker: string, count: number, timeoutMs = 60_000): Promise<ProviderRequest[]> {
    const until = Date.now() + timeoutMs;
    while (this.asked(marker).length < count) {
      const left = until - Date.now();
      if (left <= 0) {
        const seen = String(this.asked(marker).length);
        throw new Error(`${seen} of ${String(count)} requests for ${marker} came`);
      }
      await this.#nextRequest(left);
    }
    return this.asked(marker);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #nextRequest(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiting.add(done);
    });
  }

  #answer(request: ProviderRequest, response: ServerResponse): void {
    if (request.method !== 'POST' || !pathOf(request.path).endsWith('/responses')) {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end('{"error":{"message":"no such thing here","type":"invalid_request_error"}}');
      return;
    }
    const script = this.#scripts.findLast(({ marker }) => request.body.includes(marker));
    this.#send(script?.replies.shift() ?? says('done'), response);
  }

  #send(reply: ModelReply, response: ServerResponse): void {
    if (reply.kind === 'status') {
      response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
      response.end(JSON.stringify(reply.body));
      return;
    }
    this.#responses += 1;
    const id = `resp_${String(this.#responses)}`;
    response.on('close', () => {
      if (!response.writableFinished) this.left += 1;
    });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (reply.kind === 'malformed') {
      response.end(reply.text);
      return;
    }
    response.write(openingEvents(id, reply.items ?? []), () => {
      if (reply.kind === 'disconnect') response.destroy();
    });
    if (reply.kind === 'items') response.end(closingEvent(id, reply.usage));
  }
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '';
}
