import type { LogPiece, OutputStream } from './log-frames.js';

/** Where a reader of a log stood, told to the one after it. */
export interface LogMark {
  /** Of the record that was taken last of all, and its time in nanoseconds. */
  stream: OutputStream;
  ns: bigint;
  /** Bytes at the end of what was taken, by stream, that were not settled yet: they are needed again. */
  unsettled: { stdout: number; stderr: number };
  /** The time is only known to the millisecond, so that it cannot be told what is missing. */
  vague?: boolean;
}

/**
 * What is left of a log that has lost its beginning and was read up to a mark. The engine keeps the end of
 * a log, so nothing is missing where the marked record is still there; where it is not, all that is there is
 * new, and something may be missing before it.
 */
export class LogResumption {
  #state: 'first' | 'seeking' | 'passed' = 'first';
  #gap = false;
  readonly #tails = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };

  constructor(private readonly mark: LogMark | null) {}

  /** True once, with the first of what follows a gap. */
  takeGap(): boolean {
    const gap = this.#gap;
    this.#gap = false;
    return gap;
  }

  /** What of these records, or of those before them, is still to be taken. */
  filter(pieces: readonly LogPiece[]): LogPiece[] {
    return pieces.flatMap((piece) => this.#push(piece));
  }

  #push(piece: LogPiece): LogPiece[] {
    if (this.#state === 'passed') return this.#isMarked(piece) ? [] : [piece];
    const { mark } = this;
    if (mark === null || mark.vague) return this.#pushVaguely(piece, mark?.ns ?? -1n);
    const isFirst = this.#state === 'first';
    this.#state = 'seeking';
    if (piece.ns > mark.ns && (isFirst || piece.stream === mark.stream)) return this.#skipTo(piece);
    this.#keepTail(piece, mark.unsettled[piece.stream]);
    if (!this.#isMarked(piece)) return [];
    this.#state = 'passed';
    return this.#unsettled(mark, piece.ns);
  }

  #pushVaguely(piece: LogPiece, ns: bigint): LogPiece[] {
    return piece.ns > ns ? this.#skipTo(piece) : [];
  }

  #skipTo(piece: LogPiece): LogPiece[] {
    this.#state = 'passed';
    this.#gap = true;
    return [piece];
  }

  #isMarked({ stream, ns }: LogPiece): boolean {
    return this.mark?.stream === stream && this.mark.ns === ns;
  }

  #keepTail({ stream, bytes }: LogPiece, length: number): void {
    if (length === 0) return;
    this.#tails[stream] = Buffer.from(
      Buffer.concat([this.#tails[stream], bytes]).subarray(-length),
    );
  }

  /** Where even that is gone, the gap is before it. */
  #unsettled({ unsettled }: LogMark, ns: bigint): LogPiece[] {
    const streams = ['stdout', 'stderr'] as const;
    this.#gap = streams.some((stream) => this.#tails[stream].length < unsettled[stream]);
    return streams
      .filter((stream) => this.#tails[stream].length > 0)
      .map((stream) => ({ stream, ns, bytes: this.#tails[stream] }));
  }
}
