import { connect, createServer, type AddressInfo, type Server } from 'node:net';

const CONTROL_MS = 2000;

/** A listener of ours on the sandboxes' gateway address, which writes down who comes. */
export class GatewayListener {
  /** Address and port of each peer. */
  readonly #heard: string[] = [];
  /** Those of this host's own tries. */
  readonly #own = new Set<string>();

  private constructor(
    private readonly server: Server,
    readonly address: string,
    readonly port: number,
  ) {
    server.on('connection', (socket) => {
      this.#heard.push(`${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`);
      socket.on('error', () => undefined);
      // Not `end`: a peer whose container is gone never answers it, and `close` would wait for it.
      socket.destroySoon();
    });
  }

  /** `null` where the address is not one of this machine's. */
  static async open(address: string): Promise<GatewayListener | null> {
    const server = createServer();
    return new Promise((resolve) => {
      server.once('error', () => resolve(null));
      server.listen(0, address, () => {
        resolve(new GatewayListener(server, address, (server.address() as AddressInfo).port));
      });
    });
  }

  /** Peers other than this host itself. */
  heardFromOthers(): string[] {
    return this.#heard.filter((peer) => !this.#own.has(peer));
  }

  /** The positive control: whether this host reaches it. */
  async hearsHost(): Promise<boolean> {
    const own = await this.#call();
    if (own === null) return false;
    this.#own.add(own);
    return this.#heard.includes(own);
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Where a connection of this host's came from; `null` when it was not answered. */
  #call(): Promise<string | null> {
    return new Promise((resolve) => {
      const socket = connect({
        host: this.address,
        port: this.port,
        // The engine's masquerading would make another one of the gateway's own address.
        localAddress: '127.0.0.1',
        timeout: CONTROL_MS,
      });
      let own: string | null = null;
      const done = () => {
        socket.destroy();
        resolve(own);
      };
      socket.on('connect', () => (own = `${socket.localAddress}:${socket.localPort}`));
      socket.on('error', done).on('timeout', done).on('end', done).resume();
    });
  }
}
