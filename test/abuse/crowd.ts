import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';

/** How many connect at a time: a listener's queue is short. */
const AT_ONCE = 200;

/** Many connections of one client, each with what it has been told. */
export class Crowd {
  readonly members: { socket: Socket; heard: string; closed: boolean }[] = [];

  /** Opens `count` connections that each say `first` and no more, all from one address. */
  static async open(
    url: string,
    count: number,
    first = '',
    { atOnce = AT_ONCE, from }: { atOnce?: number; from?: string } = {},
  ): Promise<Crowd> {
    const crowd = new Crowd();
    const { hostname, port } = new URL(url);
    for (let opened = 0; opened < count; opened += atOnce) {
      const some = Array.from({ length: Math.min(atOnce, count - opened) }, () =>
        crowd.#join({ host: hostname, port: Number(port), localAddress: from }, first),
      );
      await Promise.all(some);
    }
    return crowd;
  }

  /** How many have been hung up on. */
  get closed(): number {
    return this.members.filter(({ closed }) => closed).length;
  }

  /** How many have heard something that matches. */
  heard(pattern: RegExp): number {
    return this.members.filter(({ heard }) => pattern.test(heard)).length;
  }

  leave(): void {
    for (const { socket } of this.members) socket.destroy();
  }

  #join(to: TcpNetConnectOpts, first: string): Promise<void> {
    const socket = connect(to);
    const member = { socket, heard: '', closed: false };
    this.members.push(member);
    socket.setEncoding('latin1').on('data', (text: string) => {
      if (member.heard.length < 2000) member.heard += text;
    });
    return new Promise((resolve) => {
      // Whoever is refused has his answer with that.
      socket.on('error', () => resolve());
      socket.on('close', () => {
        member.closed = true;
        resolve();
      });
      socket.on('connect', () => socket.write(first, () => resolve()));
    });
  }
}
