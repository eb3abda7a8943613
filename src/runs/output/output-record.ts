/** `system`: a line of Risoluto's own, such as the mark of the output limit. `agent`: what an agent did. */
export type OutputStream = 'stdout' | 'stderr' | 'system' | 'agent';

/** What an agent did, for programs: its type, and what is known of it by name. */
export type RecordedEvent = { type: string } & Record<string, unknown>;

/** A stored piece of a run's output, masked. */
export interface OutputRecord {
  /** From 1, without gaps, in the order of storing. */
  seq: number;
  /** Milliseconds since 1970 by the engine's clock. */
  at: number;
  turn: number;
  stream: OutputStream;
  /** Text with its line breaks; bytes that are not UTF-8 are U+FFFD. */
  text: string;
  /** Of stream `agent`. */
  event?: RecordedEvent;
}

/**
 * A record as it is kept, with what it takes to go on behind it after a crash of the service. All
 * of it counts what this record and those before it hold, `raw` only those of its turn.
 */
export interface StoredRecord extends OutputRecord {
  /** Bytes of standard output and of standard error, as the command printed them. */
  raw: [stdout: number, stderr: number];
  /** Bytes of text of the command's, against the output limit. */
  total: number;
  /** As `at`, of the last piece in it. */
  until: number;
  /** Where the engine's log was read to: the time in nanoseconds and the stream of its record. */
  mark?: StoredMark;
  /** The output limit was reached in it or before it. */
  full?: true;
  /**
   * Of an agent: which start of it in the turn this is of, from 1, and how many events that came of its
   * lines this record and those before it hold. `raw` counts from the same start.
   */
  attempt?: number;
  events?: number;
}

export interface StoredMark {
  stream: 'stdout' | 'stderr';
  ns: string;
  /** Bytes before it, of standard output and of standard error, that are in no record yet. */
  unsettled: [stdout: number, stderr: number];
}
