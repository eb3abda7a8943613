import { Injectable } from '@nestjs/common';

import { openFilesLimit, shareOut } from '../../kernel/open-files.js';
import { Places } from '../places.js';
import { ChangeWaiter } from '../run-changes.js';
import { RunSignals } from '../run-signals.js';
import { isFinal, type RunStatus } from '../run-status.js';
import { RunRepository } from '../run.repository.js';
import { OutputLog } from './output-log.js';
import type { OutputRecord } from './output-record.js';

/** What a follower is told, in order. */
export type FollowEvent =
  | { kind: 'records'; records: OutputRecord[] }
  | { kind: 'idle' }
  | { kind: 'end'; status: RunStatus; exitCode: number | null }
  | { kind: 'stopping' };

export const HEARTBEAT_MS = 15_000;

/** Reads a run's output as it grows. Nothing is kept for a reader: who is slow reads later. */
@Injectable()
export class OutputFollower {
  readonly #places = new Places(shareOut(openFilesLimit()).outputReaders);

  constructor(
    private readonly log: OutputLog,
    private readonly runs: RunRepository,
    private readonly signals: RunSignals,
  ) {}

  /** What is stored now. */
  async *stored(runId: string, after: number): AsyncGenerator<OutputRecord[]> {
    const reader = await this.log.read(runId, after);
    try {
      for (;;) {
        const records = await reader.next();
        if (records.length === 0) return;
        yield records;
      }
    } finally {
      await reader.close();
    }
  }

  /**
   * A place for one more reader, who holds a socket and a file; call the answer when it is done.
   *
   * @throws DomainError `too_many_streams`
   */
  enter(clientAddress: string): () => void {
    return this.#places.take(clientAddress);
  }

  /** What is stored, and what comes until the run has finished, the service stops or `gone` fires. */
  async *follow(runId: string, after: number, gone: AbortSignal): AsyncGenerator<FollowEvent> {
    const waiter = new ChangeWaiter(this.signals.changes, runId);
    gone.addEventListener('abort', () => waiter.poke());
    const unlisten = this.signals.onStopping(() => waiter.poke());
    const reader = await this.log.read(runId, after);
    try {
      for (;;) {
        if (gone.aborted) return;
        // The state is read first: what a finished run printed is all stored.
        const run = await this.runs.find(runId);
        for (let some = await reader.next(); some.length > 0; some = await reader.next()) {
          yield { kind: 'records', records: some };
        }
        if (run === null) return;
        if (isFinal(run.status)) {
          yield { kind: 'end', status: run.status, exitCode: run.exitCode };
          return;
        }
        if (this.signals.stopping) {
          yield { kind: 'stopping' };
          return;
        }
        if (!(await waiter.wait(HEARTBEAT_MS))) yield { kind: 'idle' };
      }
    } finally {
      unlisten();
      waiter.close();
      await reader.close();
    }
  }
}
