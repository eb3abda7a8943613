import { request, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import { hostText } from '../../../kernel/host-name.js';
import { headText, linger } from '../answers.js';
import type { ClientConnection } from '../client-connection.js';
import { WEBSOCKET_HEADERS } from '../forwarded-request.js';
import { malformed, Refusal } from '../refusal.js';
import { noAnswerRefusal } from '../refusal-text.js';
import { pump } from '../relay.js';
import type { Framing } from '../request-headers.js';
import {
  answerTo,
  framingOf,
  LONGEST_ANSWER_HEAD_BYTES,
  type Answer,
} from '../upstream-request.js';
import { targetOf } from './credential-route.js';
import { passMasked, plainBody } from './masked-passage.js';
import type { RouteInUse } from './route-book.js';
import type { RouteConnections } from './route-connections.js';
import { RouteExchange, type ExchangeParts } from './route-exchange.js';
import { handedBack, sentOn } from './route-headers.js';
import { codingRefusal } from './route-refusals.js';

export interface RoutedHead {
  readonly method: string;
  /** The upstream's, with its query. */
  readonly path: string;
  readonly framing: Framing;
  /** Name and value by turns, without `Host` and framing. */
  readonly headers: readonly string[];
  readonly webSocket: boolean;
}

export interface ForwardParts {
  readonly use: RouteInUse;
  readonly head: RoutedHead;
  readonly connections: RouteConnections;
  readonly record: ExchangeParts['record'];
}

/** A request on its way to the upstream of a route, and its answer on the way back. */
export class RouteForward {
  readonly #client: ClientConnection;
  readonly #parts: ForwardParts;
  readonly #exchange: RouteExchange;
  #outgoing: ClientRequest | null = null;

  constructor(client: ClientConnection, parts: ForwardParts) {
    const { use, record } = parts;
    this.#client = client;
    this.#parts = parts;
    this.#exchange = new RouteExchange({
      session: client.session,
      use,
      record,
      destroy: () => {
        client.destroy();
        this.#outgoing?.destroy();
      },
    });
  }

  /** Resolves when the answer has begun; throws `Refusal` where there is none. */
  async exchange(req: IncomingMessage, res: ServerResponse): Promise<void> {
    res.once('close', () => this.#end());
    const { message } = await this.#answer(req);
    await this.#tellRefusal(message);
    const body = this.#plain(message);
    // The rest of a body that nobody wants would be read as the next request.
    if (!req.complete) res.shouldKeepAlive = false;
    res.sendDate = false;
    res.writeHead(message.statusCode ?? 502, this.#handedBack(message, body.recoded));
    this.#pass(message, body.body, res);
  }

  /** The same where Node gave up the client's connection, which ends with the answer. */
  async upgrade(first: Buffer): Promise<void> {
    const { socket: client } = this.#client;
    client.once('close', () => this.#end());
    const { message, upgraded } = await this.#answer(null);
    await this.#tellRefusal(message);
    const isUpgraded = upgraded !== null;
    const body = isUpgraded ? { body: message, recoded: false } : this.#plain(message);
    const more = isUpgraded ? WEBSOCKET_HEADERS : ['Connection', 'close'];
    const headers = [...this.#handedBack(message, body.recoded), ...more];
    client.write(headText(message.statusCode ?? 502, headers), 'latin1');
    if (isUpgraded) return this.#join(upgraded, first);
    message.once('end', () => linger(client));
    this.#pass(message, body.body, client);
  }

  #join({ socket: upstream, first: early }: NonNullable<Answer['upgraded']>, first: Buffer): void {
    const { socket: client } = this.#client;
    const exchange = this.#exchange;
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => {
      // What broke off must not look ended.
      if (!upstream.readableEnded) this.#client.destroy();
    });
    if (early.length > 0) upstream.unshift(early);
    if (first.length > 0) client.unshift(first);
    pump(client, upstream, this.#upward);
    const { forms } = this.#parts.use;
    passMasked(upstream, client, { forms, count: (bytes) => exchange.down(bytes) });
  }

  #pass(
    message: IncomingMessage,
    body: NonNullable<ReturnType<typeof plainBody>>['body'],
    to: ServerResponse | Socket,
  ): void {
    const broken = (): void => {
      // What is not whole must not look whole.
      if (!this.#exchange.over) this.#client.destroy();
    };
    message.once('close', () => {
      if (!message.complete) broken();
    });
    if (body !== message) body.once('error', broken);
    const { forms } = this.#parts.use;
    passMasked(body, to, { forms, count: (bytes) => this.#exchange.down(bytes) });
  }

  /** `req`: whose body is sent with it; `null`: there is none. */
  async #answer(req: IncomingMessage | null): Promise<Answer> {
    const { method, webSocket, framing } = this.#parts.head;
    const mayRepeat = framing === 'none' && method !== 'POST' && method !== 'PATCH';
    for (let again = mayRepeat; ; again = false) {
      const outgoing = this.#send(req);
      try {
        const answer = await answerTo(outgoing, webSocket);
        this.#exchange.answered(answer.message.statusCode ?? 502);
        return answer;
      } catch (error) {
        outgoing.destroy();
        const isOver = this.#exchange.over;
        // The upstream had closed a connection that was used before, most likely before this one arrived.
        if (again && !isOver && outgoing.reusedSocket) continue;
        throw this.#refusal(error);
      }
    }
  }

  /** Throws `Refusal` where the upstream breaks off while nothing of its answer is read. */
  async #tellRefusal(message: IncomingMessage): Promise<void> {
    const { refused } = this.#parts.use.credential;
    if (message.statusCode !== 401 || refused === undefined) return;
    await refused();
    if (message.destroyed && !message.complete) throw this.#refusal(null);
  }

  #send(req: IncomingMessage | null): ClientRequest {
    const outgoing = this.#sendable();
    this.#outgoing = outgoing;
    outgoing.once('socket', () => this.#exchange.allow());
    if (req === null || this.#parts.head.framing === 'none') outgoing.end();
    else pump(req, outgoing, this.#upward);
    if (this.#exchange.over) outgoing.destroy();
    return outgoing;
  }

  #sendable(): ClientRequest {
    const { use, head, connections } = this.#parts;
    const { method, path, headers, webSocket } = head;
    const { host, port } = use.route.upstream;
    const more = webSocket ? WEBSOCKET_HEADERS : [];
    try {
      return request({
        agent: connections,
        host: host.text,
        port,
        method,
        path,
        headers: [
          'Host',
          authorityOf(use),
          ...sentOn(headers, use.route, use.credential),
          ...framingOf(method, head),
          ...more,
        ],
        insecureHTTPParser: false,
        maxHeaderSize: LONGEST_ANSWER_HEAD_BYTES,
      });
    } catch {
      throw malformed('A header holds what no header may hold.');
    }
  }

  #refusal(error: unknown): Refusal {
    const refusal =
      error instanceof Refusal ? error : noAnswerRefusal(targetOf(this.#parts.use.route));
    const { reason, status, message, isWrittenDown } = refusal;
    if (!this.#exchange.isAllowed) {
      this.#exchange.forget();
      return refusal;
    }
    // One decision a request: this one has its own.
    this.#exchange.answered(status);
    this.#exchange.end(reason);
    return isWrittenDown ? new Refusal(reason, status, message, { isWrittenDown: false }) : refusal;
  }

  #plain(message: IncomingMessage): NonNullable<ReturnType<typeof plainBody>> {
    const body = plainBody(message, this.#parts.head.method);
    if (body !== null) return body;
    this.#outgoing?.destroy();
    throw this.#refusal(codingRefusal(this.#parts.use.route));
  }

  #handedBack({ rawHeaders }: IncomingMessage, recoded: boolean): string[] {
    const { route, forms } = this.#parts.use;
    return handedBack(rawHeaders, route, { forms, recoded });
  }

  get #upward(): { over: boolean; count: (bytes: number) => boolean } {
    const exchange = this.#exchange;
    return {
      get over() {
        return exchange.over;
      },
      count: (bytes) => exchange.up(bytes),
    };
  }

  #end(): void {
    this.#exchange.end();
    this.#outgoing?.destroy();
  }
}

function authorityOf({ route }: RouteInUse): string {
  const { host, port, tls } = route.upstream;
  return port === (tls ? 443 : 80) ? hostText(host) : `${hostText(host)}:${port}`;
}
