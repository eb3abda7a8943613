import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { Clock } from '../../../kernel/clock.js';
import { hostText } from '../../../kernel/host-name.js';
import type { AdmittedSession } from '../admitted-session.js';
import { refuseOnSocket, refuseRequest } from '../answers.js';
import type { ClientConnection } from '../client-connection.js';
import type { DecisionDesk, RoutedRequest } from '../decision-desk.js';
import type { HandedOver } from '../gateway-listener.js';
import { malformed, Refusal } from '../refusal.js';
import { limitRefusal } from '../refusal-text.js';
import { hasBody } from '../request-headers.js';
import { readOwnHead } from '../request-head.js';
import { targetOf, type CredentialRoute } from './credential-route.js';
import type { RouteBook } from './route-book.js';
import { RouteConnections, type ConnectionRules } from './route-connections.js';
import { RouteForward } from './route-forward.js';
import { MinuteWindow } from './minute-window.js';
import { judgePath, readRoutePath, type RoutePath } from './route-path.js';
import { methodRefusal, pathRefusal, rateRefusal } from './route-refusals.js';

const UPGRADE_WITH_BODY =
  'An upgrade takes no body. A client that offers HTTP/2 in this way is to be told to use HTTP/1.1.';

export interface RouteParts extends ConnectionRules {
  readonly desk: DecisionDesk;
  readonly book: RouteBook;
  readonly clock: Clock;
}

/** What a session has of one route. */
interface Lane {
  readonly rate: MinuteWindow;
  stamp: string;
  connections: RouteConnections;
}

/**
 * Requests for the gateway itself: those of credential routes. Who asks is known by the address alone,
 * which is why nothing is taken here from a client that has a tunnel.
 */
export class RouteRequests {
  readonly #parts: RouteParts;
  readonly #lanes = new WeakMap<AdmittedSession, Map<string, Lane>>();

  constructor(parts: RouteParts) {
    this.#parts = parts;
  }

  /** Whether it is for the gateway itself. */
  takes({ fixed, socket }: ClientConnection, req: IncomingMessage): boolean {
    return fixed === null && routePathOf(req, socket) !== null;
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
      work: (path) => this.#forward(client, req, path, false).exchange(req, res),
    });
  }

  /** Another upgrade than to WebSocket is left out of what is passed on. */
  async upgrade(client: ClientConnection, { req, socket, first }: HandedOver): Promise<void> {
    const webSocket = req.headers.upgrade?.toLowerCase() === 'websocket';
    await this.#orRefuse(client, req, {
      refuse: (refusal) => refuseOnSocket(socket, refusal),
      work: (path) => {
        // Nobody reads it: the upstream would take the next request of the connection for it.
        if (hasBody(req.headers)) throw malformed(UPGRADE_WITH_BODY);
        return this.#forward(client, req, path, webSocket).upgrade(first);
      },
    });
  }

  /** Idle connections of the session are closed, so that the next ones are made by the rules as they are. */
  closeIdle(session: AdmittedSession): void {
    for (const lane of this.#lanes.get(session)?.values() ?? []) {
      lane.connections.destroy();
      lane.stamp = '';
    }
  }

  /** The session is over. */
  close(session: AdmittedSession): void {
    for (const lane of this.#lanes.get(session)?.values() ?? []) lane.connections.close();
  }

  #forward(
    client: ClientConnection,
    req: IncomingMessage,
    path: RoutePath,
    webSocket: boolean,
  ): RouteForward {
    const { session } = client;
    const { method = '' } = req;
    const { framing, headers } = readOwnHead(req);
    const route = this.#admitted(session, method, path);
    const use = this.#parts.book.inUse(route);
    const upstreamPath = `${route.upstream.basePath}${path.path}` || '/';
    const head = { method, path: `${upstreamPath}${path.query}`, framing, headers, webSocket };
    const routed = { route: route.name, method, path: upstreamPath };
    return new RouteForward(client, {
      use,
      head,
      connections: this.#connections(session, route, use.stamp),
      record: () => this.#parts.desk.routed(session.session, targetOf(route), routed),
    });
  }

  /** Throws `Refusal`. */
  #admitted(session: AdmittedSession, method: string, path: RoutePath): CredentialRoute {
    const route = this.#parts.book.named(path.name, session.session);
    if (!route.methods.includes(method)) throw methodRefusal(route);
    const why = judgePath(path.path, route);
    if (why !== null) throw pathRefusal(route, why);
    const { requestsPerMinute } = route;
    if (requestsPerMinute === null) return route;
    const { rate } = this.#lane(session, route);
    if (rate.take(requestsPerMinute)) return route;
    throw rateRefusal(route, rate.secondsUntilNext(requestsPerMinute));
  }

  async #orRefuse(
    client: ClientConnection,
    req: IncomingMessage,
    {
      work,
      refuse,
    }: { work: (path: RoutePath) => Promise<void>; refuse: (refusal: Refusal) => void },
  ): Promise<void> {
    const path = routePathOf(req, client.socket);
    try {
      enter(client);
      if (path === null) throw malformed('This is no path of a credential route.');
      await work(path);
    } catch (error) {
      if (!(error instanceof Refusal)) return client.destroy();
      if (error.isWrittenDown) await this.#writeDown(client, req, path, error);
      refuse(error);
    }
  }

  async #writeDown(
    { session: { session } }: ClientConnection,
    { method = '' }: IncomingMessage,
    path: RoutePath | null,
    { reason, status }: Refusal,
  ): Promise<void> {
    const { name = '', path: asked = '' } = path ?? {};
    const route = this.#known(name, session);
    const target = route === null ? { text: `/r/${name}` } : targetOf(route);
    const whole = `${route?.upstream.basePath ?? ''}${asked}`;
    const routed: RoutedRequest = { route: name, method, path: whole, status };
    await this.#parts.desk.denied(session, target, reason, routed);
  }

  #known(name: string, session: AdmittedSession['session']): CredentialRoute | null {
    try {
      return this.#parts.book.named(name, session);
    } catch {
      return null;
    }
  }

  #connections(session: AdmittedSession, route: CredentialRoute, stamp: string): RouteConnections {
    const lane = this.#lane(session, route);
    if (lane.stamp !== stamp) {
      lane.connections.destroy();
      lane.connections = new RouteConnections(route, this.#parts);
      lane.stamp = stamp;
    }
    return lane.connections;
  }

  #lane(session: AdmittedSession, route: CredentialRoute): Lane {
    const lanes = this.#lanes.get(session) ?? new Map<string, Lane>();
    this.#lanes.set(session, lanes);
    const lane = lanes.get(route.name) ?? {
      rate: new MinuteWindow(this.#parts.clock),
      stamp: '',
      connections: new RouteConnections(route, this.#parts),
    };
    lanes.set(route.name, lane);
    return lane;
  }
}

/** Throws `Refusal` for a client that has had enough. */
function enter(client: ClientConnection): void {
  const { session } = client;
  const limit = client.startRequest();
  if (limit !== null) throw limitRefusal(limit, session.limits);
  if (session.bytesAreUsedUp) throw limitRefusal('byte_limit', session.limits);
}

/** In origin form, or as a client writes it that takes the gateway for its proxy. */
function routePathOf({ url = '' }: IncomingMessage, socket: Socket): RoutePath | null {
  if (url.startsWith('/')) return readRoutePath(url);
  const { localAddress: text = '', localPort } = socket;
  const kind = text.includes(':') ? 'ipv6' : 'ipv4';
  const own = `http://${hostText({ kind, text })}:${localPort}`;
  return url.startsWith(`${own}/`) ? readRoutePath(url.slice(own.length)) : null;
}
