import type { SignalSource } from '../signal-source.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Counts Ctrl-C and its kin: the first is a wish, the second is an order. */
export class Interrupts {
  readonly #first = new AbortController();
  #onSecond: () => void = () => {};
  readonly #listener = () => this.interrupt();

  constructor(private readonly source: SignalSource) {
    for (const signal of SIGNALS) source.on(signal, this.#listener);
  }

  /** Fires at the first one. */
  get signal(): AbortSignal {
    return this.#first.signal;
  }

  get happened(): boolean {
    return this.#first.signal.aborted;
  }

  onSecond(listener: () => void): void {
    this.#onSecond = listener;
  }

  interrupt(): void {
    if (this.happened) this.#onSecond();
    else this.#first.abort();
  }

  close(): void {
    for (const signal of SIGNALS) this.source.off(signal, this.#listener);
  }
}
