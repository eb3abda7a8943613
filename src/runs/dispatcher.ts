import { setTimeout as sleep } from 'node:timers/promises';

import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';

import { DomainError } from '../kernel/domain-error.js';
import { ActiveRuns } from './active-runs.js';
import { HostReadiness } from './host-readiness.js';
import { RunExecutor } from './run-executor.js';
import { RunQueue, type TakenRun } from './run-queue.js';
import { RunSignals } from './run-signals.js';
import { WaitingRoom } from './waiting-room.js';

/** How often an obstacle is looked at again. */
const OBSTACLE_MS = 1000;
const LEAST_PAUSE_MS = 50;
/** How long it may take to let go of running commands, or to end them. */
const STOP_MS = 8000;

const STORAGE_UNAVAILABLE = {
  reason: 'storage_unavailable',
  message: 'The database cannot be used at the moment; runs wait until it can.',
};

/** Takes runs from the queue, first come first served, as many at once as the operator allows. */
@Injectable()
export class Dispatcher implements OnApplicationBootstrap {
  readonly #logger = new Logger('Dispatcher');
  #pumping = false;
  #again = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly active: ActiveRuns,
    private readonly queue: RunQueue,
    private readonly executor: RunExecutor,
    private readonly readiness: HostReadiness,
    private readonly room: WaitingRoom,
    private readonly signals: RunSignals,
  ) {}

  onApplicationBootstrap(): void {
    this.signals.onQueued(() => this.#wake());
    this.active.onFree(() => this.#wake());
    this.#wake();
  }

  /**
   * Takes no more runs, and lets go of those that run or ends them; resolves when that is done, or
   * after 8 s.
   */
  async stop(): Promise<void> {
    this.signals.stop();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.executor.stop();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_MS);
    });
    await Promise.race([this.active.over(), late]);
    clearTimeout(timer);
  }

  #wake(): void {
    if (this.signals.stopping) return;
    this.#again = true;
    if (!this.#pumping) void this.#pump();
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    try {
      while (this.#again && !this.signals.stopping) {
        this.#again = false;
        await this.#takeWhatFits();
      }
    } catch (error) {
      if (isStorageError(error)) this.room.reason = STORAGE_UNAVAILABLE;
      this.#logger.error('runs cannot be taken from the queue now', error);
      this.#later();
    } finally {
      this.#pumping = false;
    }
  }

  async #takeWhatFits(): Promise<void> {
    while (!this.active.full && !this.signals.stopping) {
      this.room.reason = await this.readiness.obstacle();
      if (this.room.reason !== null) return this.#later();
      if (this.signals.stopping) return;
      // Asked before: whose pause is over by the time of the answer was not among those that it is of.
      const nextInMs = this.room.nextInMs;
      const taken = await this.queue.take();
      if (taken === null) return this.#whenNextMayBegin(nextInMs);
      this.active.add(this.#execute(taken));
    }
  }

  async #execute(taken: TakenRun): Promise<void> {
    const { run } = taken;
    try {
      const result = await this.executor.execute(taken);
      // What its turn waited for is no matter of the next one.
      if (result === 'finished') this.room.forget(run.id);
      if (result !== 'put-back' || this.signals.stopping) return;
      this.readiness.engineLost();
      this.#forgetWhenCancelled(run.id);
      // Its slot stays taken meanwhile, so that what fails at once does not fail in a circle.
      await sleep(OBSTACLE_MS);
    } catch (error) {
      // The row says where the run stood; the next start settles it.
      this.#logger.error(`run ${run.id} could not be brought to its end`, error);
    }
  }

  /** Those behind a run that was put off have their turn as soon as nobody wants it any more. */
  #forgetWhenCancelled(runId: string): void {
    const unlisten = this.signals.cancel.onRequest(runId, () => {
      unlisten();
      this.room.forget(runId);
      this.#wake();
    });
  }

  #whenNextMayBegin(ms: number | null): void {
    if (ms !== null) this.#later(Math.max(ms, LEAST_PAUSE_MS));
  }

  #later(ms = OBSTACLE_MS): void {
    if (this.signals.stopping) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#wake(), ms);
  }
}

function isStorageError(error: unknown): boolean {
  return error instanceof DomainError && error.code.startsWith('storage_');
}
