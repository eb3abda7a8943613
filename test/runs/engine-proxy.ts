import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A socket in front of the real engine's, so that a test can take the engine away from one service
 * alone: `close` as if it had crashed, `hang` as if it were stopped in the middle of everything.
 */
export class EngineProxy {
  private readonly pairs = new Set<[Socket, Socket]>();
  private server: Server | null = null;
  private hanging = false;
  /** Requests whose first bytes it matches are not passed on; their connection ends. */
  refused: RegExp | null = null;
  /** What the engine answers is passed on as this makes it; as many bytes as came. */
  altered: (answer: Buffer) => Buffer = (answer) => answer;
  /** How much later than they were sent the engine's bytes arrive, those of its streams included. */
  delayMs = 0;

  private constructor(
    private readonly directory: string,
    private readonly engineSocket: string,
  ) {}

  static async start(): Promise<EngineProxy> {
    const host = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
    const directory = await mkdtemp(join(tmpdir(), 'risoluto-e-'));
    const proxy = new EngineProxy(directory, host.replace(/^unix:\/\//, ''));
    await proxy.open();
    return proxy;
  }

  get dockerHost(): string {
    return `unix://${join(this.directory, 'docker.sock')}`;
  }

  async open(): Promise<void> {
    this.hanging = false;
    for (const pair of this.pairs) for (const socket of pair) socket.resume();
    if (this.server !== null) return;
    const server = createServer({ allowHalfOpen: true }, (client) => this.accept(client));
    await new Promise<void>((resolve) => {
      server.listen(join(this.directory, 'docker.sock'), resolve);
    });
    this.server = server;
  }

  /** Nobody listens any more, and every connection is cut. */
  async close(): Promise<void> {
    const { server } = this;
    this.server = null;
    if (server === null) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
    await closed;
  }

  /** Connections are taken and stay open, and nothing is answered until `open`. */
  hang(): void {
    this.hanging = true;
    for (const pair of this.pairs) for (const socket of pair) socket.pause();
  }

  async stop(): Promise<void> {
    await this.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  private accept(client: Socket): void {
    const engine = connect({ path: this.engineSocket, allowHalfOpen: true });
    const pair: [Socket, Socket] = [client, engine];
    this.pairs.add(pair);
    client.on('data', (bytes) => {
      if (this.refused?.test(bytes.toString('latin1'))) client.destroy();
      else engine.write(bytes);
    });
    const deliver = this.inOrder();
    engine.on('data', (bytes) => deliver(() => client.write(this.altered(bytes))));
    for (const [one, other] of [pair, [engine, client] as const]) {
      const pass = one === engine ? deliver : (step: () => void) => step();
      one.on('end', () => pass(() => other.end()));
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.pairs.delete(pair);
        pass(() => other.destroy());
      });
      if (this.hanging) one.pause();
    }
  }

  /** Carries out what it is given as late as `delayMs` says then, and never before what came first. */
  private inOrder(): (step: () => void) => void {
    const waiting: { step: () => void; due: number }[] = [];
    const carryOut = (): void => {
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        const left = next.due - performance.now();
        if (left > 0) {
          setTimeout(carryOut, Math.ceil(left));
          return;
        }
        next.step();
        waiting.shift();
      }
    };
    return (step) => {
      if (waiting.length === 0 && this.delayMs === 0) return step();
      waiting.push({ step, due: performance.now() + this.delayMs });
      // Timers of different lengths end in any order: one at a time, for the first in the line.
      if (waiting.length === 1) setTimeout(carryOut, this.delayMs);
    };
  }
}
