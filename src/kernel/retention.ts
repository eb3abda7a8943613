/** What a module removes by itself once it is too old. */
export interface RetentionTask {
  /** For the metric and the log. */
  readonly name: string;
  /**
   * Removes some of what is too old, in one short transaction with its audit row, and answers how
   * much; 0 when nothing is left. May be killed anywhere: the next call finds what it left.
   */
  removeSome(): Promise<number>;
}

/** Where modules hand in what they age out; `retention` works through it. */
export class RetentionTasks {
  readonly #tasks: RetentionTask[] = [];

  register(task: RetentionTask): void {
    this.#tasks.push(task);
  }

  list(): readonly RetentionTask[] {
    return this.#tasks;
  }
}
