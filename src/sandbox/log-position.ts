import type { LogPiece, OutputStream } from './log-frames.js';

/** Streams are read by two copiers of the engine, so the log is in order per stream only. */
const DISORDER_NS = 1_000_000_000n;
/** Before the last record of all, nothing can still come of a stream that has long been silent. */
const MOST_DISORDER_NS = 5_000_000_000n;

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
  /** Of the record that was taken last of all. */
  #last: OutputStream | null = null;
  /** What the present pass has shown: that record again, or one that no pass has shown before. */
  #shown: 'nothing' | 'last' | 'new' = 'nothing';
  #gap = false;

  /** Times tell where the log was read to: there is such a place, and the clock was never set back. */
  get canTellEnd(): boolean {
    return this.#last !== null && !this.#setBack;
  }

  /**
   * No pass has shown this record, so others before it may be new as well. Told by its own stream: one that is
   * new can be older than what was taken last of the other.
   */
  isNew({ stream, ns }: LogPiece): boolean {
    const position = this.#streams.get(stream);
    return position === undefined || position.ns < ns;
  }

  /** Begins a pass; the answer is where the engine should start, null for the beginning. */
  beginPass(): bigint | null {
    let least: bigint | null = null;
    this.#shown = 'nothing';
    for (const position of this.#streams.values()) {
      position.seen = 0;
      position.fresh = false;
      if (least === null || position.ns < least) least = position.ns;
    }
    if (least === null || this.#setBack) return null;
    const last = (this.#last && this.#streams.get(this.#last)?.ns) ?? least;
    const late = last - MOST_DISORDER_NS;
    return least - DISORDER_NS > late ? least - DISORDER_NS : late;
  }

  /**
   * True once, when the record that was taken last is the first that its pass has shown: the one before it
   * is not in the log any more, and with it whatever may have stood between them.
   */
  takeGap(): boolean {
    const gap = this.#gap;
    this.#gap = false;
    return gap;
  }

  /** True for a record that no pass has shown before. */
  take(piece: LogPiece): boolean {
    if (!this.#take(piece)) {
      if (piece.stream === this.#last && this.#showsLast(piece)) this.#shown = 'last';
      return false;
    }
    if (this.#shown === 'nothing' && this.#last !== null) this.#gap = true;
    this.#shown = 'new';
    this.#last = piece.stream;
    return true;
  }

  #showsLast({ stream, ns }: LogPiece): boolean {
    return this.#streams.get(stream)?.ns === ns;
  }

  #take({ stream, ns }: LogPiece): boolean {
    const position = this.#streams.get(stream);
    if (!position) {
      this.#streams.set(stream, { ns, taken: 1, seen: 0, fresh: true });
      return true;
    }
    if (!position.fresh && !this.#isNewOf(position, ns)) return false;
    if (ns < position.ns) this.#setBack = true;
    if (ns === position.ns) position.taken += 1;
    else Object.assign(position, { ns, taken: 1 });
    position.fresh = true;
    return true;
  }

  #isNewOf(position: StreamPosition, ns: bigint): boolean {
    if (ns !== position.ns) return ns > position.ns && !this.#setBack;
    position.seen += 1;
    if (position.seen === position.taken) position.fresh = true;
    return false;
  }
}
