import type { OnReadOpts, Socket } from 'node:net';

import type { Flow } from './flow.js';
import { ReadBuffer, type BufferBudget } from './read-buffers.js';

/**
 * Reads a connection into one buffer and writes it to a client. Half of what a stream costs is saved
 * beside `pump`, for which Node takes new memory at every read; but it must be there when the
 * connection is made.
 */
export class UpstreamReader {
  readonly #buffer: ReadBuffer;
  #early: Buffer | null = null;
  #sink: { readonly upstream: Socket; readonly client: Socket; readonly flow: Flow } | null = null;
  #waits = false;

  constructor(budget: BufferBudget) {
    this.#buffer = new ReadBuffer(budget);
  }

  /** For `connect`. */
  get onread(): OnReadOpts {
    return {
      buffer: () => this.#buffer.current,
      callback: (count, bytes) => this.#read(Buffer.from(bytes.buffer, bytes.byteOffset, count)),
    };
  }

  /** From now on, with what has come already. */
  pass(upstream: Socket, client: Socket, flow: Flow): void {
    this.#sink = { upstream, client, flow };
    upstream.once('end', () => {
      if (!flow.over) client.end();
    });
    upstream.once('close', () => this.#buffer.release());
    if (this.#early !== null && this.#write(this.#early)) upstream.resume();
    this.#early = null;
  }

  /** Whether reading goes on. */
  #read(bytes: Buffer): boolean {
    if (this.#sink === null) {
      this.#early = Buffer.from(bytes);
      return false;
    }
    const goesOn = this.#write(bytes);
    this.#buffer.filled(bytes.length);
    return goesOn;
  }

  #write(bytes: Buffer): boolean {
    if (this.#sink === null) return false;
    const { client, flow } = this.#sink;
    flow.allow(false);
    if (!flow.count(bytes.length)) return false;
    client.write(bytes, this.#written);
    // Until they are with the kernel, the buffer is not free.
    this.#waits = client.writableLength > 0;
    return !this.#waits;
  }

  readonly #written = (): void => {
    if (!this.#waits) return;
    this.#waits = false;
    this.#sink?.upstream.resume();
  };
}
