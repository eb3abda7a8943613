import type { LogPiece, OutputStream } from './log-frames.js';

/** Streams are read by two copiers of the engine, so the log is in order per stream only. */
const DISORDER_NS = 1_000_000_000n;

interface StreamPosition {
  /** Of the record that was taken last. */
  ns: bigint;
  /** Records at exactly `ns` that were taken, since the last one of another time. */
  taken: number;
  /** Records at exactly `ns` that the present pass has shown again. */
  seen: number;
  /** The present pass has come to what no pass has shown before; what follows is new as well. */
  fresh: boolean;
}

/**
 * How far a log has been read, so that it can be read again from about there without a repeat or a
 * gap. Times go back in it where the engine's clock was set back; then it is read again as a whole.
 */
export class LogPosition {
  readonly #streams = new Map<OutputStream, StreamPosition>();
  #setBack = false;

  /** Begins a pass; the answer is where the engine should start, null for the beginning. */
  beginPass(): bigint | null {
    let least: bigint | null = null;
    for (const position of this.#streams.values()) {
      position.seen = 0;
      position.fresh = false;
      if (least === null || position.ns < least) least = position.ns;
    }
    return least === null || this.#setBack ? null : least - DISORDER_NS;
  }

  /** True for a record that no pass has shown before. */
  take({ stream, ns }: LogPiece): boolean {
    const position = this.#streams.get(stream);
    if (!position) {
      this.#streams.set(stream, { ns, taken: 1, seen: 0, fresh: true });
      return true;
    }
    if (!position.fresh && !this.#isNew(position, ns)) return false;
    if (ns < position.ns) this.#setBack = true;
    if (ns === position.ns) position.taken += 1;
    else Object.assign(position, { ns, taken: 1 });
    position.fresh = true;
    return true;
  }

  #isNew(position: StreamPosition, ns: bigint): boolean {
    if (ns !== position.ns) return ns > position.ns && !this.#setBack;
    position.seen += 1;
    if (position.seen === position.taken) position.fresh = true;
    return false;
  }
}
