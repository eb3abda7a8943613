import type { OutputRecord, StoredRecord } from './output-record.js';

/** The one writer of a run's output. */
export interface OutputAppender {
  /** What earlier writers stored last; `null` when there is nothing. */
  readonly last: StoredRecord | null;
  /**
   * In the file system's cache when it resolves, so that it outlives this process. After a failure
   * the same records may be appended again: none of them is there twice.
   */
  append(records: readonly StoredRecord[]): Promise<void>;
  close(): Promise<void>;
}

export interface OutputReader {
  /** The records that come next, some at a time; none when the reader is at the end as of now. */
  next(): Promise<OutputRecord[]>;
  close(): Promise<void>;
}

/** Where the output of runs is kept, keyed by run. */
export abstract class OutputLog {
  /**
   * Opens a run's log for writing, made where it is missing. What a writer that was killed left
   * half written is cut off, so no reader may have it open before.
   */
  abstract open(runId: string): Promise<OutputAppender>;

  /** Begins behind the record `afterSeq`; 0 for all. A run without output has an empty log. */
  abstract read(runId: string, afterSeq: number): Promise<OutputReader>;

  /** The last records that hold at least so many bytes of text together, or all there are; in order. Without an agent's raw lines. */
  abstract tail(runId: string, bytes: number): Promise<OutputRecord[]>;

  /** The runs that have a log, in no order. */
  abstract runIds(): Promise<string[]>;

  /** Fine where there is none. */
  abstract remove(runId: string): Promise<void>;
}
