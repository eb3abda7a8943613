import type { LogPiece, OutputStream } from './log-frames.js';

/** Streams are read by two copiers of the engine, so the log is in order per stream only. */
const DISORDER_NS = 1_000_000_000n;

interface StreamPosition {
  ns: bigint;
  /** Records at exactly `ns` that were taken. */
  taken: number;
  /** Records at exactly `ns` that the present pass has shown again. */
  seen: number;
}

/** How far a log has been read, so that it can be read again from about there without a repeat or a gap. */
export class LogPosition {
  readonly #streams = new Map<OutputStream, StreamPosition>();

  /** Begins a pass; the answer is where the engine should start, null for the beginning. */
  beginPass(): bigint | null {
    let least: bigint | null = null;
    for (const position of this.#streams.values()) {
      position.seen = 0;
      if (least === null || position.ns < least) least = position.ns;
    }
    return least === null ? null : least - DISORDER_NS;
  }

  /** True for a record that no pass has shown before. */
  take({ stream, ns }: LogPiece): boolean {
    const position = this.#streams.get(stream);
    if (!position || ns > position.ns) {
      this.#streams.set(stream, { ns, taken: 1, seen: 1 });
      return true;
    }
    if (ns < position.ns) return false;
    position.seen += 1;
    if (position.seen <= position.taken) return false;
    position.taken = position.seen;
    return true;
  }
}
