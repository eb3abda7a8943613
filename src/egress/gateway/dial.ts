import { connect, type OnReadOpts, type Socket } from 'node:net';

import type { ClientPresence } from './client-presence.js';

/** As RFC 8305 recommends. */
const NEXT_ATTEMPT_MS = 250;
const MOST_ATTEMPTS = 8;
const KEEP_ALIVE_MS = 60_000;

export interface DialOptions {
  readonly port: number;
  readonly timeoutMs: number;
  /** Of whom it is for; without them it is given up. */
  readonly presence: ClientPresence;
  readonly highWaterMark: number;
  /** What reads the connection in the place of its stream; of attempts only one is read. */
  readonly onread?: OnReadOpts | undefined;
}

export class DialTimeout extends Error {}

/**
 * A connection to the first of these addresses that answers. The next is tried when one has failed or
 * a quarter of a second has passed. Rejects with `DialTimeout`, or as the last address did.
 */
export function dial(addresses: readonly string[], options: DialOptions): Promise<Socket> {
  return new Promise((resolve, reject) => new Dialling(addresses, options, { resolve, reject }));
}

interface Outcome {
  resolve(socket: Socket): void;
  reject(error: Error): void;
}

class Dialling {
  readonly #waiting: string[];
  readonly #options: DialOptions;
  readonly #outcome: Outcome;
  readonly #attempts = new Set<Socket>();
  readonly #deadline: NodeJS.Timeout;
  #next: NodeJS.Timeout | undefined;

  constructor(addresses: readonly string[], options: DialOptions, outcome: Outcome) {
    this.#waiting = addresses.slice(0, MOST_ATTEMPTS);
    this.#options = options;
    this.#outcome = outcome;
    this.#deadline = setTimeout(() => this.#fail(new DialTimeout('timed out')), options.timeoutMs);
    options.presence.add(this.#giveUp);
    if (options.presence.isGone) this.#giveUp();
    else this.#attempt();
  }

  readonly #giveUp = (): void => this.#fail(new Error('given up'));

  #attempt(): void {
    const host = this.#waiting.shift();
    if (host === undefined) return;
    const socket = connectTo(host, this.#options);
    this.#attempts.add(socket);
    socket.once('connect', () => this.#succeed(socket));
    socket.once('error', (error) => this.#lost(socket, error));
    if (this.#waiting.length > 0) this.#next = setTimeout(() => this.#attempt(), NEXT_ATTEMPT_MS);
  }

  #lost(socket: Socket, error: Error): void {
    if (!this.#attempts.delete(socket)) return;
    clearTimeout(this.#next);
    if (this.#waiting.length > 0) this.#attempt();
    else if (this.#attempts.size === 0) this.#fail(error);
  }

  #succeed(socket: Socket): void {
    this.#attempts.delete(socket);
    this.#stop();
    this.#outcome.resolve(socket);
  }

  #fail(error: Error): void {
    this.#stop();
    this.#outcome.reject(error);
  }

  #stop(): void {
    clearTimeout(this.#deadline);
    clearTimeout(this.#next);
    this.#options.presence.remove(this.#giveUp);
    for (const attempt of this.#attempts) attempt.destroy();
    this.#attempts.clear();
  }
}

function connectTo(host: string, { port, highWaterMark, onread }: DialOptions): Socket {
  const options = {
    host,
    port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    // Node hands it on to its streams, though its types do not say so.
    highWaterMark,
    ...(onread && { onread }),
  };
  const socket = connect(options);
  // Whoever holds the socket learns of its end by its closing.
  socket.on('error', () => undefined);
  return socket;
}
