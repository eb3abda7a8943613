import type { AgentLine, AgentProcess } from '../../../src/runs/agents/turn-driver.js';

/**
 * A Codex that prints a transcript: an answer only once its request was written, by whichever life of
 * the service, and everything else in its place. It outlives the service that writes to it.
 */
export class ScriptedCodex {
  readonly printed: string[] = [];
  readonly written: string[] = [];
  /** How many ask that its silence be excused. */
  holds = 0;
  readonly #asked = new Set<string>();
  readonly #waiting = new Set<() => void>();
  #left: string[];
  #ended = false;
  /** Lets so many lines out; the rest when it is told to go on. */
  #allowance: number;

  constructor(lines: readonly string[], allowance = Number.POSITIVE_INFINITY) {
    this.#left = [...lines];
    this.#allowance = allowance;
    this.#print();
  }

  /** Requests that were written, by their identifiers, in order. */
  get requests(): string[] {
    return this.written.flatMap((line) => {
      const { id } = line === '' ? {} : (JSON.parse(line) as { id?: string });
      return id === undefined ? [] : [id];
    });
  }

  goOn(): void {
    this.#allowance = Number.POSITIVE_INFINITY;
    this.#print();
  }

  die(): void {
    this.#ended = true;
    this.#wake();
  }

  /** For one life of the service. `leave` lets that life go. */
  attach(adopted: boolean): { process: AgentProcess; leave: () => void; stop: () => void } {
    const stopping = new AbortController();
    const leaving = new AbortController();
    const before = adopted ? this.printed.length : 0;
    let caughtUp = (): void => undefined;
    const caught = new Promise<void>((resolve) => (caughtUp = resolve));
    const process: AgentProcess = {
      lines: this.#lines(before, caughtUp),
      caughtUp: caught,
      stopping: stopping.signal,
      leaving: leaving.signal,
      exited: new Promise(() => undefined),
      write: (line) => this.#write(line),
      closeInput: () => undefined,
      hold: () => this.#hold(),
    };
    return { process, leave: () => leaving.abort(), stop: () => stopping.abort() };
  }

  #hold(): () => void {
    this.holds += 1;
    return () => (this.holds -= 1);
  }

  async *#lines(before: number, caughtUp: () => void): AsyncGenerator<AgentLine> {
    for (let at = 0; ; at += 1) {
      if (at === before) {
        caughtUp();
        await Promise.resolve();
      }
      while (at >= this.printed.length) {
        if (this.#ended) return;
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
      yield { text: this.printed[at] ?? '', at: 0, replayed: at < before };
    }
  }

  #write(line: string): Promise<void> {
    if (this.#ended) return Promise.reject(new Error('the agent is gone'));
    this.written.push(line);
    const { id, method } =
      line === '' ? {} : (JSON.parse(line) as { id?: string; method?: string });
    if (id !== undefined) {
      this.#asked.add(id);
      const answer = this.#ofItsOwn(id, method);
      if (answer !== null) this.#left.splice(this.#answersDue(), 0, answer);
    }
    this.#print();
    return Promise.resolve();
  }

  /** How far the lines go that answer what was asked before: requests are answered in their order. */
  #answersDue(): number {
    return this.#left.findLastIndex((line) => this.#asked.has(idOf(line) ?? '')) + 1;
  }

  /** Answers that no transcript has, because the request came of a take-over. */
  #ofItsOwn(id: string, method: string | undefined): string | null {
    if (this.#left.some((line) => idOf(line) === id)) return null;
    if (method === 'initialize') return refusal(id, 'Already initialized');
    if (method === 'thread/turns/list') return JSON.stringify({ id, result: { data: [] } });
    if (method !== 'thread/read') return null;
    return JSON.stringify({ id, result: { thread: { id: 'it', status: { type: 'idle' } } } });
  }

  #print(): void {
    for (;;) {
      const [next] = this.#left;
      if (next === undefined || this.printed.length >= this.#allowance) break;
      const id = idOf(next);
      if (id !== null && !this.#asked.has(id)) break;
      this.printed.push(next);
      this.#left = this.#left.slice(1);
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

function idOf(line: string): string | null {
  const { id, method } = JSON.parse(line) as { id?: unknown; method?: string };
  return typeof id === 'string' && method === undefined ? id : null;
}

function refusal(id: string, message: string): string {
  return JSON.stringify({ id, error: { code: -32_600, message } });
}
