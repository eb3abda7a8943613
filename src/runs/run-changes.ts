/**
 * Tells, inside this process, that something about a run changed: its state, or its output. It says
 * no more than that; who listens looks again for himself.
 */
export class RunChanges {
  readonly #listeners = new Map<string, Set<() => void>>();

  notify(runId: string): void {
    for (const listener of this.#listeners.get(runId) ?? []) listener();
  }

  /** Calls `listener` at each change until the answer is called. */
  subscribe(runId: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(runId) ?? new Set();
    this.#listeners.set(runId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(runId);
    };
  }
}

/** Remembers a change that came while nobody waited, so that none is slept through. */
export class ChangeWaiter {
  #changed = false;
  #wake: (() => void) | null = null;
  readonly #unsubscribe: () => void;

  constructor(changes: RunChanges, runId: string) {
    this.#unsubscribe = changes.subscribe(runId, () => this.poke());
  }

  /** Ends the wait that goes on now, or the next one. */
  poke(): void {
    this.#changed = true;
    this.#wake?.();
  }

  /** Answers `true` at the next change, or `false` after the time. */
  async wait(timeoutMs: number): Promise<boolean> {
    if (!this.#changed) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = null;
    }
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  close(): void {
    this.#unsubscribe();
    this.poke();
  }
}
