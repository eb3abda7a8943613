import type { LogPiece } from './log-frames.js';

/**
 * Neighbours of one stream as one piece, of the time of the last: a line each would cost more to hand on
 * than to read. Those on both sides of the `border`, a time in nanoseconds, stay apart.
 */
export function joinPieces(batch: readonly LogPiece[], border: bigint): LogPiece[] {
  const joined: { piece: LogPiece; parts: Buffer[] }[] = [];
  for (const piece of batch) {
    const last = joined.at(-1);
    if (last?.piece.stream === piece.stream && last.piece.ns <= border === piece.ns <= border) {
      last.parts.push(piece.bytes);
      last.piece = piece;
    } else {
      joined.push({ piece, parts: [piece.bytes] });
    }
  }
  return joined.map(({ piece, parts }) =>
    parts.length === 1 ? piece : { ...piece, bytes: Buffer.concat(parts) },
  );
}

export function millisecondsOf(ns: bigint): number {
  return Number(ns / 1_000_000n);
}
