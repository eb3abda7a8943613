import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import { headText, linger } from './answers.js';
import type { ClientConnection } from './client-connection.js';
import type { DecisionDesk } from './decision-desk.js';
import { Flow, type Opened } from './flow.js';
import { malformed } from './refusal.js';
import { noAnswerRefusal } from './refusal-text.js';
import { joinEnds, pump } from './relay.js';
import { HeaderList } from './request-headers.js';
import { answerTo, requestOn, type Answer, type Outgoing } from './upstream-request.js';

export const WEBSOCKET_HEADERS: readonly string[] = [
  'Connection',
  'Upgrade',
  'Upgrade',
  'websocket',
];

/** A plain request on its way, and its answer on the way back. */
export class ForwardedRequest {
  readonly #client: ClientConnection;
  readonly #opened: Opened;
  readonly #outgoing: ClientRequest;
  readonly #flow: Flow;

  /** Throws `Refusal` where the head cannot be sent on. */
  constructor(
    client: ClientConnection,
    opened: Opened,
    { outgoing, desk, observed }: { outgoing: Outgoing; desk: DecisionDesk; observed: boolean },
  ) {
    const { session } = client;
    this.#client = client;
    this.#opened = opened;
    this.#outgoing = sendable(opened.socket, outgoing);
    this.#flow = new Flow({
      session,
      opened,
      record: (byMode) => desk.allowed(session.session, opened, byMode),
      destroy: () => {
        client.destroy();
        opened.socket.resetAndDestroy();
      },
    });
    this.#flow.allow(observed);
    opened.socket.once('close', () => this.#flow.end());
  }

  /** Resolves when the answer has begun; throws `Refusal` where there is none. */
  async exchange(req: IncomingMessage, res: ServerResponse): Promise<void> {
    res.once('close', () => this.#opened.socket.destroy());
    pump(req, this.#outgoing, this.#flow);
    const { message } = await this.#answer(false);
    // The rest of a body that nobody wants would be read as the next request.
    if (!req.complete) res.shouldKeepAlive = false;
    res.sendDate = false;
    res.writeHead(message.statusCode ?? 502, passedBack(message));
    this.#passBody(message, res);
  }

  /** The same where Node gave up the client's connection, which ends with the answer. */
  async upgrade(first: Buffer, mayUpgrade: boolean): Promise<void> {
    const { socket: client } = this.#client;
    const upstream = this.#opened.socket;
    client.once('close', () => upstream.destroy());
    this.#outgoing.end();
    const { message, upgraded } = await this.#answer(mayUpgrade);
    const more = upgraded === null ? ['Connection', 'close'] : WEBSOCKET_HEADERS;
    const head = headText(message.statusCode ?? 502, [...passedBack(message), ...more]);
    client.write(head, 'latin1');
    if (upgraded === null) {
      message.once('end', () => linger(client));
      return this.#passBody(message, client);
    }
    if (upgraded.first.length > 0) upstream.unshift(upgraded.first);
    if (first.length > 0) client.unshift(first);
    joinEnds(client, upstream, this.#flow);
    pump(client, upstream, this.#flow);
    pump(upstream, client, this.#flow);
  }

  #passBody(message: IncomingMessage, to: ServerResponse | Socket): void {
    message.once('close', () => {
      // What is not whole must not look whole.
      if (!message.complete) this.#client.destroy();
    });
    pump(message, to, this.#flow);
  }

  async #answer(mayUpgrade: boolean): Promise<Answer> {
    try {
      return await answerTo(this.#outgoing, mayUpgrade);
    } catch {
      this.#opened.socket.destroy();
      throw noAnswerRefusal(this.#opened.target);
    }
  }
}

function sendable(socket: Socket, outgoing: Outgoing): ClientRequest {
  try {
    return requestOn(socket, outgoing);
  } catch {
    socket.destroy();
    throw malformed('A header holds what no header may hold.');
  }
}

/** Name and value by turns; Node writes the framing. */
function passedBack({ rawHeaders }: IncomingMessage): string[] {
  return new HeaderList(rawHeaders).passedOn();
}
