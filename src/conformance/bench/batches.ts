import type { Answer } from '../inside/batch-script.js';

type RunBatch = (scripts: ReadonlyMap<string, string>) => Promise<Map<string, Answer>>;

interface Waiting {
  readonly script: string;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

const UNANSWERED: Answer = { output: '', exitCode: null };

/** The bodies of requests end at 1 MiB, and so does what a kernel takes for a command. */
const MOST_CHARACTERS = 400_000;
/** So that one that waits for silence holds up few others. */
const MOST_SCRIPTS = 8;

/** Gathers the scripts that are asked for in one turn of the event loop, and runs them together. */
export class Batches {
  #waiting: Waiting[] = [];
  #characters = 0;

  constructor(private readonly run: RunBatch) {}

  add(script: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const full = this.#characters + script.length > MOST_CHARACTERS;
      if (full || this.#waiting.length === MOST_SCRIPTS) this.#flush();
      if (this.#waiting.length === 0) setImmediate(() => this.#flush());
      this.#waiting.push({ script, resolve, reject });
      this.#characters += script.length;
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#characters = 0;
    if (waiting.length === 0) return;
    const scripts = new Map(waiting.map(({ script }, n) => [`s${n}`, script]));
    void this.#answer(waiting, scripts);
  }

  async #answer(waiting: readonly Waiting[], scripts: ReadonlyMap<string, string>): Promise<void> {
    try {
      const answers = await this.run(scripts);
      waiting.forEach(({ resolve }, n) => resolve(answers.get(`s${n}`) ?? UNANSWERED));
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
