import { ReceivedLines } from './received-lines.js';

/** A piece of a run's output, as the service stores it. */
export interface OutputRecord {
  seq: number;
  at: string;
  turn: number;
  stream: 'stdout' | 'stderr' | 'system' | 'agent';
  text: string;
}

export type OutputEvent = { kind: 'record'; record: OutputRecord } | { kind: 'end' | 'stopping' };

/**
 * Reads `text/event-stream` (https://html.spec.whatwg.org/multipage/server-sent-events.html) as far
 * as the service writes it: `event` and `data` of one line each; comments and the rest are passed over.
 */
export class OutputEvents {
  readonly #lines = new ReceivedLines();
  #event = '';
  #data = '';

  /** @throws Error for what is no such stream */
  *read(chunk: Buffer): Generator<OutputEvent> {
    for (const line of this.#lines.read(chunk)) {
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
