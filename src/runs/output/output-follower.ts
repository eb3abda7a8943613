import { Injectable } from '@nestjs/common';

import { openFilesLimit, shareOut } from '../../kernel/open-files.js';
import { followRun, type RunNews, type RunStanding } from '../follow-run.js';
import { Places } from '../places.js';
import { RunSignals } from '../run-signals.js';
import { RunRepository } from '../run.repository.js';
import { OutputLog, type OutputReader } from './output-log.js';
import type { OutputRecord } from './output-record.js';

/** What a follower is told, in order. */
export type FollowEvent = NewRecords | RunStanding;

interface NewRecords {
  kind: 'records';
  records: OutputRecord[];
}

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
  follow(runId: string, after: number, gone: AbortSignal): AsyncGenerator<FollowEvent> {
    const open = async (): Promise<RunNews<NewRecords>> => {
      const reader = await this.log.read(runId, after);
      return { news: () => newRecords(reader), close: () => reader.close() };
    };
    return followRun({ runs: this.runs, signals: this.signals }, { runId, open }, gone);
  }
}

async function* newRecords(reader: OutputReader): AsyncGenerator<NewRecords> {
  for (let some = await reader.next(); some.length > 0; some = await reader.next()) {
    yield { kind: 'records', records: some };
  }
}
