import type { Readable } from 'node:stream';

const HEADER_BYTES = 8;
const STDOUT = 1;
const MOST_STDERR_BYTES = 16 * 1024;

/** Takes pieces apart: a header of eight bytes (stream, three zeros, length) before each. */
class Pieces {
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #left = 0;

  get whole(): boolean {
    return this.#left === 0 && this.#headerBytes === 0;
  }

  *push(chunk: Buffer): Generator<{ stream: number; bytes: Buffer }> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left === 0) {
        at += this.#readHeader(chunk, at);
        continue;
      }
      const bytes = chunk.subarray(at, at + this.#left);
      this.#left -= bytes.length;
      at += bytes.length;
      yield { stream: this.#header[0] ?? 0, bytes };
    }
  }

  #readHeader(chunk: Buffer, at: number): number {
    const copied = chunk.copy(this.#header, this.#headerBytes, at);
    this.#headerBytes += copied;
    if (this.#headerBytes === HEADER_BYTES) {
      this.#headerBytes = 0;
      this.#left = this.#header.readUInt32BE(4);
    }
    return copied;
  }
}

/**
 * The standard output in an engine's multiplexed stream without timestamps. `onError` gets the
 * beginning of standard error.
 */
export async function* standardOutput(
  attached: Readable,
  onError: (text: string) => void,
): AsyncGenerator<Buffer> {
  const pieces = new Pieces();
  let errorBytes = 0;
  for await (const chunk of attached as AsyncIterable<Buffer>) {
    for (const { stream, bytes } of pieces.push(chunk)) {
      if (stream === STDOUT) yield bytes;
      else if ((errorBytes += bytes.length) <= MOST_STDERR_BYTES) onError(bytes.toString('utf8'));
    }
  }
  if (!pieces.whole) throw new Error('the output of a container was cut off');
}
