import { connect, type Socket } from 'node:net';

import { helloBody, inRecords } from '../test/support/gateway/hello-bytes.js';

/** How the target is reached. */
export interface Path {
  /** Of a proxy, or of the target itself. */
  readonly port: number;
  /** What opens a tunnel; empty where there is no proxy. */
  readonly connect: string;
}

/** A ClientHello without a name: the target is an address. */
export const HELLO = inRecords(helloBody([]));

const HOST = '127.0.0.1';
const END_OF_HEAD = '\r\n\r\n';

/** A connection to a target that sends as many bytes as it is told to; they are counted, not kept. */
export class Transfer {
  readonly #path: Path;
  readonly #buffer: Buffer;
  readonly #socket: Socket;
  #head = '';
  #left = 0;
  #wake: (() => void) | null = null;
  #fail: ((error: Error) => void) | null = null;

  constructor(path: Path, bufferBytes: number) {
    this.#path = path;
    this.#buffer = Buffer.allocUnsafe(bufferBytes);
    this.#socket = connect({
      host: HOST,
      port: path.port,
      noDelay: true,
      onread: { buffer: this.#buffer, callback: (count) => this.#read(count) },
    });
    this.#socket.on('error', (error) => this.#fail?.(error));
    this.#socket.on('close', () => this.#fail?.(new Error('closed early')));
  }

  /** Resolves when the target can be told something. */
  async open(): Promise<void> {
    const opened = this.#settled();
    if (this.#path.connect === '') this.#socket.once('connect', () => this.#wake?.());
    else this.#socket.write(this.#path.connect);
    await opened;
    this.#socket.write(HELLO);
  }

  async fetch(bytes: number): Promise<void> {
    const order = Buffer.alloc(8);
    order.writeBigUInt64BE(BigInt(bytes));
    this.#left = bytes;
    const arrived = this.#settled();
    this.#socket.write(order);
    await arrived;
  }

  close(): void {
    this.#fail = null;
    this.#socket.destroy();
  }

  #settled(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#wake = resolve;
      this.#fail = reject;
    });
  }

  #read(count: number): boolean {
    if (this.#path.connect !== '' && !this.#head.endsWith(END_OF_HEAD)) {
      this.#readHead(this.#buffer.toString('latin1', 0, count));
      return true;
    }
    this.#left -= count;
    if (this.#left <= 0) this.#wake?.();
    return true;
  }

  #readHead(text: string): void {
    this.#head += text;
    if (!this.#head.endsWith(END_OF_HEAD)) return;
    if (/^HTTP\/1\.[01] 200 /.test(this.#head)) this.#wake?.();
    else this.#fail?.(new Error(`no tunnel: ${this.#head.split('\r\n', 1)[0]}`));
  }
}

/** So many tunnels at once, each opened for its bytes and closed; megabytes (2^20) a second of all. */
export async function throughput(path: Path, tunnels: number, bytes: number): Promise<number> {
  const bufferBytes = tunnels === 1 ? 1024 * 1024 : 64 * 1024;
  const began = performance.now();
  await Promise.all(Array.from({ length: tunnels }, () => fetchOnce(path, bytes, bufferBytes)));
  const seconds = (performance.now() - began) / 1000;
  return (tunnels * bytes) / 1024 / 1024 / seconds;
}

/** Connections opened, used for one byte and closed in a second, with so many callers. */
export async function newConnections(
  path: Path,
  callers: number,
  seconds: number,
): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let count = 0;
  const call = async (): Promise<void> => {
    while (performance.now() < end) {
      await fetchOnce(path, 1, 1024);
      count += 1;
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: callers }, call));
  return count / ((performance.now() - began) / 1000);
}

/** In milliseconds, for a new tunnel and its bytes, one after another, sorted. */
export async function openingTimes(path: Path, bytes: number, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const began = performance.now();
    await fetchOnce(path, bytes, 64 * 1024);
    times.push(performance.now() - began);
  }
  return times;
}

/** In milliseconds, for a byte to be asked for and to come, in a tunnel that is open. */
export async function roundTrips(path: Path, count: number): Promise<number[]> {
  const transfer = new Transfer(path, 1024);
  await transfer.open();
  const times: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const began = performance.now();
    await transfer.fetch(1);
    times.push(performance.now() - began);
  }
  transfer.close();
  return times;
}

async function fetchOnce(path: Path, bytes: number, bufferBytes: number): Promise<void> {
  const transfer = new Transfer(path, bufferBytes);
  await transfer.open();
  await transfer.fetch(bytes);
  transfer.close();
}
