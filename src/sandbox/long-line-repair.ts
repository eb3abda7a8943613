import type { LogPiece, OutputStream } from './log-frames.js';

/** The engine cuts a longer line into records of exactly this size and a last, shorter one. */
const FULL_RECORD_BYTES = 16 * 1024;
const NEWLINE = 0x0a;

/**
 * Gives lines longer than 16 KiB their end back: Docker's `local` driver (seen on 20.10) drops the
 * newline after the last record of such a line. A record that is neither full nor ended by a newline
 * is either that one or the end of the stream, so one that is followed by another had its newline.
 * What cannot be told apart: whether the very last line of a stream, longer than 16 KiB, had one. Who
 * waits for lines need not wait for the next record: `lineOver` says that this one ends its line.
 */
export class LongLineRepair {
  readonly #unended = new Map<OutputStream, boolean>();

  push(piece: LogPiece): LogPiece {
    const { stream, bytes } = piece;
    const missing = this.#unended.get(stream) === true;
    const cut = bytes.at(-1) !== NEWLINE;
    const ended = bytes.length === 0;
    const lineOver = cut && !ended && bytes.length < FULL_RECORD_BYTES;
    this.#unended.set(stream, lineOver);
    if (!missing && !ended) return lineOver ? { ...piece, lineOver } : piece;
    const parts = [...(missing ? ['\n'] : []), bytes, ...(ended ? ['\n'] : [])];
    const whole = Buffer.concat(parts.map((part) => Buffer.from(part)));
    return { ...piece, bytes: whole, ...(lineOver && { lineOver }) };
  }
}
