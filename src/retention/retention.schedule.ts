import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';

import { DomainError } from '../kernel/domain-error.js';
import { RetentionTasks, type RetentionTask } from '../kernel/retention.js';
import { Metrics } from '../metrics/metrics.js';

const FIRST_AFTER_MS = 3000;
const EVERY_MS = 3_600_000;
/** Between two batches, so that whoever else writes is in front of the next one. */
const LEAST_PAUSE_MS = 50;
/** A batch waits for four times as long as the one before took. */
const PAUSE_FACTOR = 4;
const BUSY_PAUSE_MS = 1000;

/** Works through what modules age out: soon after the start and then every hour, one batch at a time. */
@Injectable()
export class RetentionSchedule implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger('Retention');
  readonly #stop = new AbortController();
  #pass: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly tasks: RetentionTasks,
    private readonly metrics: Metrics,
  ) {}

  onApplicationBootstrap(): void {
    this.#schedule(FIRST_AFTER_MS);
  }

  /** Resolves when the batch that is under way is done. */
  async onModuleDestroy(): Promise<void> {
    this.#stop.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#pass;
  }

  #schedule(afterMs: number): void {
    if (this.#stop.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#pass = this.#runPass().finally(() => this.#schedule(EVERY_MS));
    }, afterMs);
    this.#timer.unref();
  }

  async #runPass(): Promise<void> {
    for (const task of this.tasks.list()) {
      try {
        await this.#workThrough(task);
      } catch (error) {
        this.#logger.warn(
          `${task.name} could not be aged out; it is tried again in an hour`,
          error,
        );
      }
    }
    if (!this.#stop.signal.aborted) this.metrics.retentionPass.setToCurrentTime();
  }

  async #workThrough(task: RetentionTask): Promise<void> {
    let total = 0;
    while (!this.#stop.signal.aborted) {
      const began = performance.now();
      const removed = await this.#removeSome(task);
      if (removed === 0) break;
      if (removed !== null) {
        total += removed;
        this.metrics.retentionRemoved.inc({ task: task.name }, removed);
      }
      const pause = Math.max(LEAST_PAUSE_MS, (performance.now() - began) * PAUSE_FACTOR);
      await this.#pause(removed === null ? BUSY_PAUSE_MS : pause);
    }
    if (total > 0) this.#logger.log(`${total} of ${task.name} were too old and are removed`);
  }

  /** `null`: clients are in front of it now. */
  async #removeSome(task: RetentionTask): Promise<number | null> {
    try {
      return await task.removeSome();
    } catch (error) {
      if (error instanceof DomainError && error.code === 'storage_busy') return null;
      if (error instanceof DomainError && error.code === 'shutting_down') return 0;
      throw error;
    }
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#stop;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      function done() {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      signal.addEventListener('abort', done);
    });
  }
}
