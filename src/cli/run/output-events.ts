/** A piece of a run's output, as the service stores it. */
export interface OutputRecord {
  seq: number;
  at: string;
  turn: number;
  stream: 'stdout' | 'stderr' | 'system';
  text: string;
}

export type OutputEvent = { kind: 'record'; record: OutputRecord } | { kind: 'end' | 'stopping' };

/** The service's pieces are far smaller. */
const MOST_LINE_CHARACTERS = 32 * 1024 * 1024;

/**
 * Reads `text/event-stream` (https://html.spec.whatwg.org/multipage/server-sent-events.html) as far
 * as the service writes it: `event` and `data` of one line each; comments and the rest are passed over.
 */
export class OutputEvents {
  readonly #decoder = new TextDecoder();
  #rest = '';
  #event = '';
  #data = '';

  /** @throws Error for what is no such stream */
  *read(chunk: Buffer): Generator<OutputEvent> {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > MOST_LINE_CHARACTERS)
      throw new Error('a line of the stream is too long');
    for (const line of lines) {
      if (line === '') {
        const event = this.#dispatch();
        if (event !== null) yield event;
      } else if (line.startsWith('event: ')) this.#event = line.slice(7);
      else if (line.startsWith('data: ')) this.#data = line.slice(6);
    }
  }

  #dispatch(): OutputEvent | null {
    const [event, data] = [this.#event, this.#data];
    this.#event = '';
    this.#data = '';
    if (event === 'output') return { kind: 'record', record: JSON.parse(data) as OutputRecord };
    return event === 'end' || event === 'stopping' ? { kind: event } : null;
  }
}
