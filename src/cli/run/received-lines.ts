/** The service's lines are far shorter. */
const MOST_LINE_CHARACTERS = 32 * 1024 * 1024;

/**
 * The lines of an answer that comes in pieces. A line feed alone ends one: U+2028, U+2029 and U+0085
 * stand unescaped in JSON, and `readline` takes the first two for ends of lines from Node 24 on.
 */
export class ReceivedLines {
  readonly #decoder = new TextDecoder();
  #rest = '';

  /** The lines that are whole with this piece. @throws Error for one that is too long */
  read(chunk: Buffer): string[] {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > MOST_LINE_CHARACTERS)
      throw new Error('a line of the stream is too long');
    return lines;
  }

  /** What came behind the last line feed. */
  rest(): string {
    return this.#rest + this.#decoder.decode();
  }
}
