import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { BUFFER_BYTES, type GatewayTimings } from './gateway-options.js';
import type { GatewayAddress } from './gateway-session.js';

/** Ports after the preferred one that are tried. */
const MORE_PORTS = 15;
const LONGEST_HEAD_BYTES = 16 * 1024;
/** One more than a request may have, so that one with too many is seen; Node leaves out the rest. */
const MOST_HEADERS_READ = 101;
const KEEP_ALIVE_MS = 60_000;

/** A request after whose head the server leaves the connection to others. */
export interface HandedOver {
  readonly req: IncomingMessage;
  readonly socket: Socket;
  /** What came after the head. */
  readonly first: Buffer;
  /** Has the server read requests from the socket again. */
  readonly readAgain: () => void;
}

export interface ListenerEvents {
  accept(socket: Socket): void;
  connect(handed: HandedOver): void;
  request(req: IncomingMessage, res: ServerResponse): void;
  upgrade(handed: HandedOver): void;
  unreadable(error: NodeJS.ErrnoException, socket: Socket): void;
}

/** Node's HTTP server on one address. */
export class GatewayListener {
  readonly #server: Server;

  constructor(events: ListenerEvents, { headMs, lookMs }: GatewayTimings) {
    this.#server = createServer({
      maxHeaderSize: LONGEST_HEAD_BYTES,
      insecureHTTPParser: false,
      requireHostHeader: false,
      headersTimeout: headMs,
      requestTimeout: 0,
      connectionsCheckingInterval: lookMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      highWaterMark: BUFFER_BYTES,
      noDelay: true,
      keepAlive: true,
    });
    this.#server.maxHeadersCount = MOST_HEADERS_READ;
    this.#server.on('connection', (socket: Socket) => events.accept(socket));
    this.#server.on('connect', (...handed) => events.connect(this.#handedOver(...handed)));
    this.#server.on('upgrade', (...handed) => events.upgrade(this.#handedOver(...handed)));
    this.#server.on('request', (req, res) => events.request(req, res));
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) =>
      events.unreadable(error, socket as Socket),
    );
  }

  /** The preferred port, or the first after it that is free; rejects where none is. */
  async listen(address: string, preferredPort: number): Promise<GatewayAddress> {
    for (let port = preferredPort; ; port += 1) {
      try {
        this.#server.listen({ host: address, port, exclusive: true });
        await once(this.#server, 'listening');
        const bound = this.#server.address();
        return { address, port: typeof bound === 'object' && bound ? bound.port : port };
      } catch (error) {
        const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
        if (!taken || port >= preferredPort + MORE_PORTS) throw error;
      }
    }
  }

  /** Those that are open are the caller's to end. */
  close(): void {
    this.#server.close();
  }

  #handedOver(req: IncomingMessage, stream: Duplex, first: Buffer): HandedOver {
    const socket = stream as Socket;
    socket.setTimeout(0);
    return { req, socket, first, readAgain: () => this.#server.emit('connection', socket) };
  }
}
