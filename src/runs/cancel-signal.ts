/** Tells whoever executes a run that it shall be cancelled. Keyed by run. */
export abstract class CancelSignal {
  /** The request is already stored with the run; this only makes it act at once. */
  abstract request(runId: string): void;

  /** Calls `listener` when the run's cancellation is asked for, until the answer is called. */
  abstract onRequest(runId: string, listener: () => void): () => void;
}

/** For a service that executes its runs itself. */
export class LocalCancelSignal extends CancelSignal {
  readonly #listeners = new Map<string, () => void>();

  request(runId: string): void {
    this.#listeners.get(runId)?.();
  }

  onRequest(runId: string, listener: () => void): () => void {
    this.#listeners.set(runId, listener);
    return () => {
      // The next turn of the run may have its own listener already.
      if (this.#listeners.get(runId) === listener) this.#listeners.delete(runId);
    };
  }
}
