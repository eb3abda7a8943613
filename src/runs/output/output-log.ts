import type { OutputRecord } from './output-record.js';

/** The one writer of a run's output. */
export interface OutputAppender {
  /** In the file system's cache when it resolves, so that it outlives this process. */
  append(records: readonly OutputRecord[]): Promise<void>;
  close(): Promise<void>;
}

export interface OutputReader {
  /** The records that come next, some at a time; none when the reader is at the end as of now. */
  next(): Promise<OutputRecord[]>;
  close(): Promise<void>;
}

/** Where the output of runs is kept, keyed by run. */
export abstract class OutputLog {
  abstract create(runId: string): Promise<OutputAppender>;

  /** Begins behind the record `afterSeq`; 0 for all. A run without output has an empty log. */
  abstract read(runId: string, afterSeq: number): Promise<OutputReader>;
}
