import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { AdmittedSession } from './admitted-session.js';
import { refuseOnSocket } from './answers.js';
import { ClientConnection } from './client-connection.js';
import type { DecisionDesk } from './decision-desk.js';
import type { HandedOver, ListenerEvents } from './gateway-listener.js';
import { MOST_CONNECTIONS } from './gateway-options.js';
import type { ProxyRequests } from './proxy-requests.js';
import type { Refusal } from './refusal.js';
import type { LimitReason } from './refusal-text.js';
import type { RouteRequests } from './routes/route-requests.js';
import { refusalOfUnreadable } from './unreadable-request.js';

export interface ClientParts {
  readonly requests: ProxyRequests;
  readonly routes: RouteRequests;
  readonly desk: DecisionDesk;
  readonly mostConnections: number | undefined;
  sessionOf(address: string): AdmittedSession | undefined;
}

/** Who is connected; what happens on a listener is theirs, or is ended. */
export class GatewayClients implements ListenerEvents {
  readonly #parts: ClientParts;
  readonly #most: number;
  readonly #clients = new WeakMap<Socket, ClientConnection>();
  #count = 0;

  constructor(parts: ClientParts) {
    this.#parts = parts;
    this.#most = parts.mostConnections ?? MOST_CONNECTIONS;
  }

  get count(): number {
    return this.#count;
  }

  accept(socket: Socket): void {
    // A tunnel to port 80 comes back to have its requests read.
    if (this.#clients.has(socket)) return;
    const session = this.#parts.sessionOf(socket.remoteAddress ?? '');
    if (!session || this.#count >= this.#most) {
      socket.destroy();
      return;
    }
    const { limit, isTold } = session.enter();
    if (isTold) this.#add(new ClientConnection(socket, session, limit));
    else this.#drop(socket, session, limit);
  }

  connect(handed: HandedOver): void {
    const client = this.#handedBy(handed);
    if (client) void this.#parts.requests.connect(client, handed);
  }

  request(req: IncomingMessage, res: ServerResponse): void {
    const client = this.#clients.get(req.socket);
    if (!client) return void req.socket.destroy();
    const { routes, requests } = this.#parts;
    void (routes.takes(client, req) ? routes : requests).request(client, req, res);
  }

  upgrade(handed: HandedOver): void {
    const client = this.#handedBy(handed);
    if (!client) return;
    const { routes, requests } = this.#parts;
    void (routes.takes(client, handed.req) ? routes : requests).upgrade(client, handed);
  }

  unreadable(error: NodeJS.ErrnoException, socket: Socket): void {
    // It is being refused already, and sends on.
    if (socket.writableEnded) return;
    const client = this.#clients.get(socket);
    const refusal = refusalOfUnreadable(error);
    if (!client || client.isBusy || refusal === null) return void socket.destroy();
    void this.#refuse(client, refusal);
  }

  /** `undefined` for one that asked before its last answer was complete: two would use the socket. */
  #handedBy({ socket }: HandedOver): ClientConnection | undefined {
    const client = this.#clients.get(socket);
    if (client && !client.isBusy) return client;
    socket.destroy();
    return undefined;
  }

  #add(client: ClientConnection): void {
    this.#clients.set(client.socket, client);
    this.#count += 1;
    client.socket.once('close', () => {
      this.#count -= 1;
    });
  }

  #drop(socket: Socket, session: AdmittedSession, limit: LimitReason | null): void {
    socket.destroy();
    if (limit === null || !session.floodIsWrittenDown()) return;
    void this.#parts.desk.denied(session.session, { text: '' }, limit);
  }

  async #refuse(client: ClientConnection, refusal: Refusal): Promise<void> {
    const asked = client.fixed?.target ?? { text: '' };
    const { session } = client.session;
    if (refusal.isWrittenDown) await this.#parts.desk.denied(session, asked, refusal.reason);
    refuseOnSocket(client.socket, refusal);
  }
}
