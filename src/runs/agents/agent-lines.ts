import type { AgentLine } from './turn-driver.js';

/** Characters of lines that wait for a driver; more is not read from the engine's log meanwhile. */
const MOST_WAITING = 16 * 1024 * 1024;

/** The lines of an agent on their way to its driver, read once. */
export class AgentLines implements AsyncIterable<AgentLine> {
  #waiting: AgentLine[] = [];
  #length = 0;
  #ended = false;
  #unwanted = false;
  #onLine: () => void = () => undefined;
  #onRoom: () => void = () => undefined;

  /** Resolves when there is room for the next one, or nobody wants any. */
  async push(line: AgentLine): Promise<void> {
    if (this.#unwanted) return;
    this.#waiting.push(line);
    this.#length += line.text.length;
    this.#onLine();
    while (this.#length > MOST_WAITING && !this.#unwanted) {
      await new Promise<void>((resolve) => (this.#onRoom = resolve));
    }
  }

  /** None comes any more. */
  end(): void {
    this.#ended = true;
    this.#onLine();
  }

  /** The driver has its verdict: what comes now is for nobody. */
  abandon(): void {
    this.#unwanted = true;
    this.#waiting = [];
    this.#length = 0;
    this.#onRoom();
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<AgentLine, void, void> {
    for (;;) {
      const lines = this.#waiting;
      this.#waiting = [];
      for (const line of lines) {
        this.#length -= line.text.length;
        this.#onRoom();
        yield line;
      }
      if (this.#waiting.length > 0) continue;
      if (this.#ended) return;
      await new Promise<void>((resolve) => (this.#onLine = resolve));
    }
  }
}
