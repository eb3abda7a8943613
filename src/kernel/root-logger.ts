import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino';

export type LogLevelName = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

/** The process's one logger: JSON lines. An abstract class because it is the injection token. */
export abstract class RootLogger {
  abstract readonly pino: Logger;

  /** One whole line of JSON with its line end, for who writes so many that building them counts. */
  abstract writeLine(line: string): void;

  /** Writes out what is still buffered; for the end of the process. */
  abstract flush(): void;
}

/** How much may wait in memory before a line reaches the file descriptor, and for how long. */
const BUFFER_CHARACTERS = 32 * 1024;
const FLUSH_EVERY_MS = 200;

const OPTIONS: LoggerOptions = {
  base: null,
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: (label) => ({ level: label }) },
};

/** Logs to standard output through a small buffer, so that a line costs a request no system call. */
export class BufferedRootLogger extends RootLogger {
  readonly pino: Logger;
  readonly #destination: ReturnType<typeof pino.destination>;
  /** Joined only when it is full: each write of a destination is a hop to the thread pool. */
  #lines: string[] = [];
  #characters = 0;

  constructor(level: LogLevelName) {
    super();
    this.#destination = pino.destination({ fd: 1, sync: false });
    const stream = { write: (line: string) => this.writeLine(line), flushSync: () => this.flush() };
    this.pino = pino({ ...OPTIONS, level }, stream);
    setInterval(() => this.#pass(), FLUSH_EVERY_MS).unref();
  }

  writeLine(line: string): void {
    this.#lines.push(line);
    this.#characters += line.length;
    if (this.#characters >= BUFFER_CHARACTERS) this.#pass();
  }

  flush(): void {
    try {
      this.#pass();
      this.#destination.flushSync();
    } catch {
      // Standard output is gone or was never opened: there is nobody left to tell.
    }
  }

  #pass(): void {
    if (this.#characters === 0) return;
    const lines = this.#lines.join('');
    this.#lines = [];
    this.#characters = 0;
    this.#destination.write(lines);
  }
}

/** Logs to a stream that is given, at once. */
export class StreamRootLogger extends RootLogger {
  readonly pino: Logger;

  constructor(
    level: LogLevelName,
    private readonly stream: DestinationStream,
  ) {
    super();
    this.pino = pino({ ...OPTIONS, level }, stream);
  }

  writeLine(line: string): void {
    this.stream.write(line);
  }

  flush(): void {}
}
