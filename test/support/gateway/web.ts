import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { text } from 'node:stream/consumers';

/** A request as a web server saw it. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

/** A web server that tells what it saw, and takes WebSockets whose frames it sends back as they come. */
export class Web {
  readonly seen: Seen[] = [];
  readonly #server: Server;

  constructor(answer?: RequestListener) {
    const serve = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
      this.seen.push(seenOf(req, await text(req)));
      if (answer) answer(req, res);
      else res.end(`you asked for ${req.url}`);
    };
    this.#server = createServer((req, res) => void serve(req, res));
    this.#server.on('upgrade', (req, socket) => {
      const accept = createHash('sha1')
        .update(`${req.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      this.seen.push(seenOf(req, ''));
      socket.on('error', () => undefined).pipe(socket);
    });
  }

  async listen(port: number, host: string): Promise<this> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return this;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

function seenOf({ method = '', url = '', rawHeaders }: IncomingMessage, body: string): Seen {
  return { method, url, rawHeaders, body };
}
