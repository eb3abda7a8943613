import { setTimeout as sleep } from 'node:timers/promises';

import { Logger } from '@nestjs/common';

import { hostFault } from '../../kernel/host-fault.js';
import type { OutputAppender, OutputLog } from './output-log.js';
import type { StoredRecord } from './output-record.js';

const RETRY_MS = 1000;

/** How far the recording of a run's output has come. */
export interface RecordingProgress {
  pieces: number;
  /** A machine that cannot store now is waited for. */
  waits: boolean;
}

export interface Patience {
  /** Gives up: what waits is read again from the engine's log by another process. */
  signal: AbortSignal;
  progress: RecordingProgress;
}

/**
 * Writes a run's output, and waits while the disk is full, read-only or out of descriptors. Nothing
 * is lost meanwhile: what cannot be stored is not read from the engine's log either.
 *
 * @throws the machine's fault when `signal` fires first, and any other error at once.
 */
export class PatientOutputAppender implements OutputAppender {
  static readonly #logger = new Logger('Output');

  private constructor(
    private readonly runId: string,
    private readonly appender: OutputAppender,
    private readonly patience: Patience,
  ) {}

  static async open(
    log: OutputLog,
    runId: string,
    patience: Patience,
  ): Promise<PatientOutputAppender> {
    const appender = await patiently(runId, patience, () => log.open(runId));
    return new PatientOutputAppender(runId, appender, patience);
  }

  get last(): StoredRecord | null {
    return this.appender.last;
  }

  append(records: readonly StoredRecord[]): Promise<void> {
    return patiently(this.runId, this.patience, () => this.appender.append(records));
  }

  close(): Promise<void> {
    return this.appender.close();
  }

  static warn(runId: string, code: string): void {
    this.#logger.warn(`run ${runId}: its output cannot be stored now (${code}); it waits`);
  }
}

async function patiently<T>(
  runId: string,
  { signal, progress }: Patience,
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      const result = await work();
      progress.waits = false;
      return result;
    } catch (error) {
      const code = hostFault(error);
      if (code === null || signal.aborted) throw error;
      if (!progress.waits) PatientOutputAppender.warn(runId, code);
      progress.waits = true;
    }
    await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
}
