import { Injectable } from '@nestjs/common';

import { CancelSignal } from './cancel-signal.js';
import { RunChanges } from './run-changes.js';

/** What the halves of this module tell each other: those that serve clients, and those that execute. */
@Injectable()
export class RunSignals {
  #stopping = false;
  #onQueued: () => void = () => undefined;
  #onIdle: () => void = () => undefined;
  readonly #onStopping = new Set<() => void>();

  constructor(
    readonly changes: RunChanges,
    readonly cancel: CancelSignal,
  ) {}

  /** A turn may be taken that could not be before. */
  queued(): void {
    this.#onQueued();
  }

  onQueued(listener: () => void): void {
    this.#onQueued = listener;
  }

  /** A run waits for a turn to be asked for. */
  idle(): void {
    this.#onIdle();
  }

  onIdle(listener: () => void): void {
    this.#onIdle = listener;
  }

  /** The service is being stopped: nobody shall wait any longer. */
  get stopping(): boolean {
    return this.#stopping;
  }

  stop(): void {
    this.#stopping = true;
    for (const listener of this.#onStopping) listener();
  }

  /** Calls `listener` when the service stops, until the answer is called. */
  onStopping(listener: () => void): () => void {
    this.#onStopping.add(listener);
    return () => void this.#onStopping.delete(listener);
  }
}
