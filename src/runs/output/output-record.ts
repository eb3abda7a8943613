/** `system`: a line of Risoluto's own, such as the mark of the output limit. */
export type OutputStream = 'stdout' | 'stderr' | 'system';

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
}
