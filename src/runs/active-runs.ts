import { Injectable } from '@nestjs/common';

import { LiveSettings } from '../config/live-settings.js';
import { Metrics } from '../metrics/metrics.js';

/** The runs that this process executes, those that it took over included. */
@Injectable()
export class ActiveRuns {
  readonly #executions = new Set<Promise<void>>();
  #onFree: () => void = () => undefined;

  constructor(
    private readonly settings: LiveSettings,
    private readonly metrics: Metrics,
  ) {
    settings.onReplaced(() => this.#onFree());
  }

  /** No more run may begin. More than the operator allows may have been taken over. */
  get full(): boolean {
    return this.#executions.size >= this.settings.runs.maxConcurrent;
  }

  /** Counts an execution, which never fails, until it is over. */
  add(execution: Promise<void>): void {
    this.metrics.activeRuns.inc();
    const counted = execution.finally(() => {
      this.metrics.activeRuns.dec();
      this.#executions.delete(counted);
      this.#onFree();
    });
    this.#executions.add(counted);
  }

  /** Calls `listener` whenever there is room again, or may be by other settings. */
  onFree(listener: () => void): void {
    this.#onFree = listener;
  }

  /** Resolves when none is left, those included that begin meanwhile. */
  async over(): Promise<void> {
    while (this.#executions.size > 0) await Promise.all(this.#executions);
  }
}
