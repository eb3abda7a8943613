import type { IncomingMessage, ServerResponse } from 'node:http';

import { refuseOnSocket, refuseRequest } from './answers.js';
import type { ClientConnection } from './client-connection.js';
import type { ConnectionOpener } from './connection-opener.js';
import type { DecisionDesk } from './decision-desk.js';
import { ForwardedRequest, WEBSOCKET_HEADERS } from './forwarded-request.js';
import type { HandedOver } from './gateway-listener.js';
import { BufferBudget } from './read-buffers.js';
import { malformed, Refusal } from './refusal.js';
import { credentialsRefusal, hostRefusal, limitRefusal, noNetworkRefusal } from './refusal-text.js';
import { askedFor, hostHeader, readConnectTarget, readRequestHead } from './request-head.js';
import { Tunnel, type TunnelRules } from './tunnel.js';
import { UpstreamReader } from './upstream-reader.js';

const ESTABLISHED = 'HTTP/1.1 200 Connection Established\r\n\r\n';

export interface ProxyParts extends TunnelRules {
  readonly opener: ConnectionOpener;
  readonly desk: DecisionDesk;
  readonly httpPort: number;
}

/** What a client asks for, from its head to the tunnel, the answer or the refusal. */
export class ProxyRequests {
  readonly #parts: ProxyParts;
  readonly #buffers = new BufferBudget();

  constructor(parts: ProxyParts) {
    this.#parts = parts;
  }

  /** In a tunnel to port 80 the server goes on reading requests. */
  async connect(
    client: ClientConnection,
    { req, socket, first, readAgain }: HandedOver,
  ): Promise<void> {
    await this.#orRefuse(client, req, {
      refuse: (refusal) => refuseOnSocket(socket, refusal),
      work: async () => {
        if (client.fixed !== null) throw malformed('There is a tunnel already.');
        const target = readConnectTarget(req);
        if (target.port !== this.#parts.httpPort) {
          const reader = new UpstreamReader(this.#buffers);
          const opened = await this.#parts.opener.open(client, target, reader.onread);
          socket.write(ESTABLISHED);
          new Tunnel(client, { opened, reader }, this.#parts).start(first);
          return;
        }
        client.fixed = await this.#parts.opener.fix(client, target);
        socket.write(ESTABLISHED);
        if (first.length > 0) socket.unshift(first);
        readAgain();
      },
    });
  }

  async request(
    client: ClientConnection,
    req: IncomingMessage,
    res: ServerResponse,
  ): Promise<void> {
    await client.turn(res);
    if (client.presence.isGone) return;
    await this.#orRefuse(client, req, {
      refuse: (refusal) => refuseRequest(client, { req, res }, refusal),
      work: async () => {
        const forwarded = await this.#forward(client, req, 'plain');
        await forwarded.exchange(req, res);
      },
    });
  }

  /** Another upgrade than to WebSocket is left out of what is passed on. */
  async upgrade(client: ClientConnection, { req, socket, first }: HandedOver): Promise<void> {
    await this.#orRefuse(client, req, {
      refuse: (refusal) => refuseOnSocket(socket, refusal),
      work: async () => {
        const toWebSocket = req.headers.upgrade?.toLowerCase() === 'websocket';
        const forwarded = await this.#forward(client, req, toWebSocket ? 'websocket' : 'upgrade');
        await forwarded.upgrade(first, toWebSocket);
      },
    });
  }

  async #forward(
    client: ClientConnection,
    req: IncomingMessage,
    kind: 'plain' | 'upgrade' | 'websocket',
  ): Promise<ForwardedRequest> {
    const { opener, desk, enforces } = this.#parts;
    const fixed = client.fixed?.target ?? null;
    const head = readRequestHead(req, fixed);
    if (kind !== 'plain' && head.framing !== 'none') throw malformed('An upgrade takes no body.');
    const right = hostHeader(head.target);
    const differs = head.saidHost !== null && head.saidHost !== right;
    const leaves = fixed !== null && head.target !== fixed;
    if (leaves || (differs && enforces())) throw hostRefusal(fixed ?? head.target);
    const opened = await opener.open(client, head.target);
    const outgoing = {
      method: req.method ?? '',
      head,
      host: fixed === null ? right : (head.saidHost ?? right),
      more: kind === 'websocket' ? WEBSOCKET_HEADERS : [],
    };
    return new ForwardedRequest(client, opened, { outgoing, desk, observed: differs });
  }

  async #orRefuse(
    client: ClientConnection,
    req: IncomingMessage,
    { work, refuse }: { work: () => Promise<void>; refuse: (refusal: Refusal) => void },
  ): Promise<void> {
    try {
      enter(client, req);
      await work();
    } catch (error) {
      if (!(error instanceof Refusal)) return client.destroy();
      const asked = askedFor(req, client.fixed?.target ?? null);
      const session = client.session.session;
      if (error.isWrittenDown) await this.#parts.desk.denied(session, asked, error.reason);
      refuse(error);
    }
  }
}

/** Throws `Refusal` for a client that has had enough, or is not the one it says. */
function enter(client: ClientConnection, req: IncomingMessage): void {
  const limit = client.startRequest();
  if (limit !== null) throw limitRefusal(limit, client.session.limits);
  if (client.session.session.routesOnly === true) throw noNetworkRefusal();
  // Who made the tunnel has shown its credentials.
  if (client.fixed !== null) return;
  const verdict = client.session.credentials.check(req.headers['proxy-authorization']);
  if (verdict !== 'right') throw credentialsRefusal(verdict === 'wrong');
}
