import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { LogPiece, OutputStream } from './log-frames.js';
import { LogResumption, type LogMark } from './log-resumption.js';

const START = 1_000_000_000_000n;

const drafts = fc.array(
  fc.record({
    stream: fc.constantFrom<OutputStream>('stdout', 'stderr'),
    text: fc.stringMatching(/^[a-z]{1,5}\n$/),
  }),
  { minLength: 1, maxLength: 20 },
);

function logOf(all: readonly { stream: OutputStream; text: string }[]): LogPiece[] {
  return all.map(({ stream, text }, index) => ({
    stream,
    ns: START + BigInt(index) * 1000n,
    bytes: Buffer.from(text),
  }));
}

const textOf = (pieces: readonly LogPiece[], stream: OutputStream) =>
  pieces.flatMap((piece) => (piece.stream === stream ? [piece.bytes.toString()] : [])).join('');

function resume(mark: LogMark | null, retained: readonly LogPiece[]) {
  const resumption = new LogResumption(mark);
  let gaps = 0;
  const pieces: LogPiece[] = [];
  for (const piece of retained) {
    pieces.push(...resumption.filter([piece]));
    if (resumption.takeGap()) gaps += 1;
  }
  return { pieces, gaps };
}

describe('LogResumption', () => {
  it('gives what is behind the mark, and what was unsettled before it, while the log has both', () => {
    fc.assert(
      fc.property(
        drafts,
        fc.nat(),
        fc.nat(),
        fc.nat(12),
        fc.nat(12),
        (all, some, lost, out, err) => {
          const log = logOf(all);
          const taken = (some % log.length) + 1;
          const last = log[taken - 1] as LogPiece;
          const read = log.slice(0, taken);
          const unsettled = {
            stdout: Math.min(out, textOf(read, 'stdout').length),
            stderr: Math.min(err, textOf(read, 'stderr').length),
          };
          const dropped = lost % taken;
          const { pieces, gaps } = resume(
            { stream: last.stream, ns: last.ns, unsettled },
            log.slice(dropped),
          );
          let short = false;
          for (const stream of ['stdout', 'stderr'] as const) {
            const kept = textOf(log.slice(dropped, taken), stream);
            const again = unsettled[stream] === 0 ? '' : kept.slice(-unsettled[stream]);
            if (again.length < unsettled[stream]) short = true;
            expect(textOf(pieces, stream)).toBe(again + textOf(log.slice(taken), stream));
          }
          expect(gaps).toBe(short ? 1 : 0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('gives all there is, behind a gap, where the mark is gone', () => {
    fc.assert(
      fc.property(drafts, fc.nat(), fc.nat(), (all, some, lost) => {
        const log = logOf(all);
        const taken = (some % log.length) + 1;
        const last = log[taken - 1] as LogPiece;
        const dropped = taken + (lost % (log.length - taken + 1));
        const unsettled = { stdout: 0, stderr: 0 };
        const rest = log.slice(dropped);
        const { pieces, gaps } = resume({ stream: last.stream, ns: last.ns, unsettled }, rest);
        expect(pieces).toEqual(rest);
        expect(gaps).toBe(rest.length > 0 ? 1 : 0);
      }),
    );
  });

  it('cannot tell whether anything is missing by a time in milliseconds, and says that there may be', () => {
    const log = logOf(Array.from({ length: 4 }, (_, n) => ({ stream: 'stdout', text: `${n}\n` })));
    const unsettled = { stdout: 0, stderr: 0 };
    const mark: LogMark = { stream: 'stdout', ns: START + 1500n, unsettled, vague: true };
    const { pieces, gaps } = resume(mark, log);
    expect([textOf(pieces, 'stdout'), gaps]).toEqual(['2\n3\n', 1]);
    expect(resume(null, log)).toEqual({ pieces: log, gaps: 1 });
  });
});
