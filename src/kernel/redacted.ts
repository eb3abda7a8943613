import { inspect } from 'node:util';

const MASK = '***';

/**
 * A secret in memory. Printing it in any of the usual ways (`String`, template, JSON,
 * `util.inspect`, a logger) gives `***`; only `reveal` gives the value.
 */
export class Redacted {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
