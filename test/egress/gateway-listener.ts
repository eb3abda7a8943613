import { createServer, type Server, type Socket } from 'node:net';

import type { FencedBridge } from '../../src/egress/fenced-bridge.js';

/**
 * What listens where the egress gateway of a filtered bridge would. It answers `echo`, and goes on
 * talking 20 times a second to whoever asks it to `drip`.
 */
export class GatewayListener {
  /** Everything that it was told, by all. */
  heard = '';
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor(readonly at: { address: string; port: number }) {
    this.server = createServer((socket) => this.serve(socket));
  }

  static async start({ gateway, gatewayPort }: FencedBridge): Promise<GatewayListener> {
    const listener = new GatewayListener({ address: gateway, port: gatewayPort ?? 0 });
    const { address, port } = listener.at;
    await new Promise<void>((resolve) => listener.server.listen(port, address, resolve));
    return listener;
  }

  /** To everybody who has ever connected and was not heard to leave. */
  say(text: string): void {
    for (const socket of this.sockets) socket.write(text);
  }

  /** The ports of those who have connected. */
  peers(): number[] {
    return [...this.sockets].map(({ remotePort }) => remotePort ?? 0);
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    let drip: NodeJS.Timeout | undefined;
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearInterval(drip);
      this.sockets.delete(socket);
    });
    socket.on('data', (bytes) => {
      const text = bytes.toString();
      this.heard += text;
      socket.write(`echo ${text}`);
      if (text.startsWith('drip')) {
        drip = setInterval(() => socket.write('echo drip'), 50);
      }
    });
  }
}
