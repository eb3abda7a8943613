/** A line of `GET /api/v1/runtime`: a module says what it runs with (`engine`, `fence`, …). */
export interface RuntimeFact {
  readonly name: string;
  /** Answers at once, from memory, and holds no secret. */
  describe(): unknown;
}

/** Where modules hand in their facts at start-up; `health` reads them. */
export class RuntimeFacts {
  readonly #facts: RuntimeFact[] = [];

  register(fact: RuntimeFact): void {
    this.#facts.push(fact);
  }

  list(): readonly RuntimeFact[] {
    return this.#facts;
  }
}
