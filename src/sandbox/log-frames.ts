export type OutputStream = 'stdout' | 'stderr';

/** One record of the engine's log. */
export interface LogPiece {
  stream: OutputStream;
  /** When the engine read it, in nanoseconds since 1970. */
  ns: bigint;
  bytes: Buffer;
  /** A line, or the stream, is over with it, though it has no line break: that comes with the next one. */
  lineOver?: true;
}

const HEADER_BYTES = 8;
const SPACE = 0x20;
/** The engine cuts records at 16 KiB; far above that, the stream is not what we take it for. */
const MOST_RECORD_BYTES = 4 * 1024 * 1024;

/**
 * Takes Docker's multiplexed log with timestamps apart: per record a header of eight bytes (stream,
 * three zeros, length), a timestamp, a space, and the bytes as the container wrote them.
 */
export class LogDemultiplexer {
  #rest: Buffer = Buffer.alloc(0);

  /** The records that are complete now. Throws when the bytes are no such log. */
  push(chunk: Buffer): LogPiece[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const pieces: LogPiece[] = [];
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const length = bytes.readUInt32BE(at + 4);
      if (length > MOST_RECORD_BYTES) throw new Error('a log record is longer than any can be');
      const end = at + HEADER_BYTES + length;
      if (bytes.length < end) break;
      const piece = parseRecord(bytes[at] ?? 0, bytes.subarray(at + HEADER_BYTES, end));
      if (piece) pieces.push(piece);
      at = end;
    }
    this.#rest = bytes.subarray(at);
    return pieces;
  }
}

function parseRecord(kind: number, record: Buffer): LogPiece | null {
  if (kind !== 1 && kind !== 2) throw new Error('a log record is of no known stream');
  const space = record.indexOf(SPACE);
  if (space === -1) return null;
  return {
    stream: kind === 1 ? 'stdout' : 'stderr',
    ns: parseTimestamp(record.toString('latin1', 0, space)),
    bytes: record.subarray(space + 1),
  };
}

const TIMESTAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** Nanoseconds since 1970 of an RFC 3339 time, in any zone. Throws for anything else. */
export function parseTimestamp(text: string): bigint {
  const [, seconds, fraction = '', zone] = TIMESTAMP.exec(text) ?? [];
  if (!seconds || !zone) throw new Error('a log record has no timestamp');
  return BigInt(Date.parse(seconds + zone)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** As the engine's `since` wants it. */
export function formatSince(ns: bigint): string {
  const at = ns < 0n ? 0n : ns;
  return `${at / 1_000_000_000n}.${String(at % 1_000_000_000n).padStart(9, '0')}`;
}
