import { createSocket, type Socket } from 'node:dgram';
import { createServer, type AddressInfo, type Server } from 'node:net';

/** A service of the host that listens on every address, both families, TCP and UDP; it answers `echo`. */
export class HostListener {
  private constructor(
    /** Everything that reached it, from whom. */
    readonly heard: readonly string[],
    private readonly tcp: Server,
    private readonly udp: Socket,
    readonly port: number,
  ) {}

  static async start(): Promise<HostListener> {
    const heard: string[] = [];
    const tcp = createServer((socket) => {
      heard.push(`tcp ${socket.remoteAddress}`);
      socket.on('error', () => socket.destroy());
      socket.on('data', () => socket.write('echo host'));
    });
    const port = await new Promise<number>((resolve) =>
      tcp.listen(0, '::', () => resolve((tcp.address() as AddressInfo).port)),
    );
    const udp = createSocket('udp4');
    udp.on('message', (_, peer) => {
      heard.push(`udp ${peer.address}`);
      udp.send('echo host', peer.port, peer.address);
    });
    await new Promise<void>((resolve) => udp.bind(port, () => resolve()));
    return new HostListener(heard, tcp, udp, port);
  }

  async stop(): Promise<void> {
    this.udp.close();
    await new Promise((resolve) => this.tcp.close(resolve));
  }
}
