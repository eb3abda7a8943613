/** What the database's lines say about themselves; whoever wants figures of it registers. */
export interface StorageObserver {
  /** A work was taken out of the write line. */
  workTaken(waitedSeconds: number): void;
  /** A transaction of the write line has ended. */
  groupEnded(group: { works: number; committed: boolean; seconds: number }): void;
  /** A read was handed to the database. */
  readBegan(): void;
  /** It has ended, well or not; waiting for the connection and for a thread is in its time. */
  readEnded(seconds: number): void;
}

/** Where `persistence` tells and `metrics` listens: neither knows the other. */
export class StorageTimings implements StorageObserver {
  readonly #observers: StorageObserver[] = [];

  register(observer: StorageObserver): void {
    this.#observers.push(observer);
  }

  workTaken(waitedSeconds: number): void {
    for (const observer of this.#observers) observer.workTaken(waitedSeconds);
  }

  groupEnded(group: { works: number; committed: boolean; seconds: number }): void {
    for (const observer of this.#observers) observer.groupEnded(group);
  }

  readBegan(): void {
    for (const observer of this.#observers) observer.readBegan();
  }

  readEnded(seconds: number): void {
    for (const observer of this.#observers) observer.readEnded(seconds);
  }
}
