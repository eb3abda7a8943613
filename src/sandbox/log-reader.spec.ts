import { Readable } from 'node:stream';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DomainError } from '../kernel/domain-error.js';
import { AcknowledgementFilter } from './acknowledgement-filter.js';
import type { ContainerEngine, LogQuery } from './container-engine.js';
import { acknowledgement } from './frame.js';
import { LogDemultiplexer, type LogPiece, formatSince, parseTimestamp } from './log-frames.js';
import { readLog } from './log-reader.js';
import { LongLineRepair } from './long-line-repair.js';

interface Line {
  stream: 'stdout' | 'stderr';
  ns: bigint;
  text: string;
}

function stamp(ns: bigint): string {
  const seconds = new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`;
}

function encode({ stream, ns, text }: Line): Buffer {
  const record = Buffer.from(`${stamp(ns)} ${text}`, 'latin1');
  const header = Buffer.alloc(8);
  header[0] = stream === 'stdout' ? 1 : 2;
  header.writeUInt32BE(record.length, 4);
  return Buffer.concat([header, record]);
}

function cut(bytes: Buffer, size: number): Buffer[] {
  const parts = [];
  for (let at = 0; at < bytes.length; at += size) parts.push(bytes.subarray(at, at + size));
  return parts;
}

const textOf = (pieces: readonly LogPiece[], stream: string) =>
  pieces
    .filter((piece) => piece.stream === stream)
    .map(({ bytes }) => bytes.toString('latin1'))
    .join('');

describe('LogDemultiplexer', () => {
  it('gives the same bytes however the log is split', () => {
    const line = fc.record({
      stream: fc.constantFrom('stdout' as const, 'stderr' as const),
      ns: fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }),
      text: fc.uint8Array({ maxLength: 30 }).map((array) => Buffer.from(array).toString('latin1')),
    });
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 20 }),
        fc.integer({ min: 1, max: 70 }),
        (lines, size) => {
          const demultiplexer = new LogDemultiplexer();
          const pieces = cut(Buffer.concat(lines.map(encode)), size).flatMap((part) =>
            demultiplexer.push(part),
          );
          expect(
            pieces.map(({ stream, ns, bytes }) => ({ stream, ns, text: bytes.toString('latin1') })),
          ).toEqual(lines);
        },
      ),
    );
  });

  it('reads times in any zone and precision', () => {
    expect(parseTimestamp('2026-11-23T15:00:00.000000001Z')).toBe(1_795_446_000_000_000_001n);
    expect(parseTimestamp('2026-11-23T17:00:00.5+02:00')).toBe(1_795_446_000_500_000_000n);
    expect(formatSince(1_795_446_000_000_000_001n)).toBe('1795446000.000000001');
    expect(() => parseTimestamp('yesterday')).toThrow('timestamp');
  });

  it('refuses what is no log', () => {
    expect(() => new LogDemultiplexer().push(Buffer.from('plain text, no header'))).toThrow();
  });
});

describe('AcknowledgementFilter', () => {
  const nonce = '0123456789abcdef0123456789abcdef';
  const line = acknowledgement(nonce);

  it('cuts the line however it is split, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.integer({ min: 1, max: 50 }),
        (rest, size) => {
          const filter = new AcknowledgementFilter(nonce);
          const parts = cut(Buffer.concat([line, rest]), size).map((part) => filter.push(part));
          expect(Buffer.concat([...parts, filter.finish()])).toEqual(Buffer.from(rest));
          expect(filter.acknowledged).toBe(true);
        },
      ),
    );
  });

  it('passes everything on where the line is missing, cut or of another nonce', () => {
    const others = [
      '',
      'x',
      line.subarray(0, 20),
      acknowledgement('f'.repeat(32)),
      `\n${line.toString()}`,
    ];
    for (const text of others) {
      const filter = new AcknowledgementFilter(nonce);
      const all = Buffer.concat([filter.push(Buffer.from(text)), filter.finish()]);
      expect(all).toEqual(Buffer.from(text));
      expect(filter.acknowledged).toBe(false);
    }
  });
});

/** An engine whose log streams break after some bytes, and which is away now and then. */
function breakingEngine(lines: readonly Line[], breaks: readonly number[], end: () => void) {
  let pass = 0;
  const bytesFrom = (since: string | undefined) => {
    const [seconds = '0', nanos = '0'] = (since ?? '0.0').split('.');
    const least = BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
    return Buffer.concat(lines.filter(({ ns }) => ns >= least).map(encode));
  };
  const engine = {
    logs: async (_id: string, { follow, since }: LogQuery) => {
      const limit = breaks[pass];
      pass += 1;
      const bytes = bytesFrom(since);
      if (limit === undefined) {
        if (follow) end();
        return Readable.from(cut(bytes, 50), { objectMode: false });
      }
      if (limit === 0) throw new DomainError('engine_unavailable', 'away');
      return Readable.from(
        (async function* () {
          yield bytes.subarray(0, limit);
          if (limit % 2 === 0) throw new Error('connection reset');
        })(),
        { objectMode: false },
      );
    },
  };
  return engine as unknown as ContainerEngine;
}

describe('LongLineRepair', () => {
  /** As the engine's copier and its `local` driver cut a stream. */
  function records(text: string): string[] {
    const found: string[] = [];
    let rest = text;
    while (rest.length > 0) {
      const end = rest.indexOf('\n');
      const line = end === -1 ? rest : rest.slice(0, end);
      const full = Math.floor(line.length / 16384);
      for (let index = 0; index < full; index += 1)
        found.push(line.slice(index * 16384, (index + 1) * 16384));
      const last = line.slice(full * 16384);
      if (end !== -1) found.push(full > 0 ? last : `${last}\n`);
      else if (last !== '') found.push(last);
      rest = end === -1 ? '' : rest.slice(end + 1);
    }
    return found;
  }

  it('restores every newline but one that cannot be known', () => {
    const length = fc.constantFrom(0, 1, 16383, 16384, 16385, 32768, 40000);
    fc.assert(
      fc.property(
        fc.array(length, { maxLength: 6 }),
        fc.constantFrom('', 'end\n', 'end'),
        (lengths, tail) => {
          const text = lengths.map((count) => `${'x'.repeat(count)}\n`).join('') + tail;
          const repair = new LongLineRepair();
          const pieces = records(text).map((record) =>
            repair.push({ stream: 'stdout', ns: 0n, bytes: Buffer.from(record) }),
          );
          const restored = textOf(pieces, 'stdout');
          const unknown =
            tail === '' && (lengths.at(-1) ?? 0) > 16384 && (lengths.at(-1) ?? 0) % 16384 !== 0;
          expect(restored === (unknown ? text.slice(0, -1) : text)).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('readLog', () => {
  it('shows each record once, however often the stream breaks', async () => {
    const line = fc.record({
      stream: fc.constantFrom('stdout' as const, 'stderr' as const),
      step: fc.constantFrom(0n, 0n, 1n, 3_000_000_000n),
      text: fc.stringMatching(/^[a-z]{1,8}\n$/),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 15 }),
        fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 3 }),
        async (drafts, breaks) => {
          let ns = 1_000_000_000_000n;
          const lines = drafts.map(({ stream, step, text }) => ({
            stream,
            text,
            ns: (ns += step),
          }));
          let end = () => undefined as void;
          const exited = new Promise<void>((resolve) => (end = resolve));
          const source = {
            engine: breakingEngine(lines, breaks, () => end()),
            containerId: 'c1',
            exited,
            signal: new AbortController().signal,
          };
          const pieces: LogPiece[] = [];
          for await (const batch of readLog(source)) pieces.push(...batch.pieces);
          for (const stream of ['stdout', 'stderr']) {
            const expected = lines
              .filter((one) => one.stream === stream)
              .map(({ text }) => text)
              .join('');
            expect(textOf(pieces, stream)).toBe(expected);
          }
        },
      ),
      { numRuns: 40 },
    );
  }, 30_000);

  it('shows all that is printed after the clock was set back, and repeats nothing', async () => {
    const lines = [5n, 6n, 2n, 2n, 3n].map((seconds, index): Line => ({
      stream: 'stdout',
      ns: 1_000_000_000_000n + seconds * 1_000_000_000n,
      text: `line ${index}\n`,
    }));
    const whole = Buffer.concat(lines.map(encode)).length;
    for (const breaks of [[], [whole - 1], [whole]]) {
      let end = () => undefined as void;
      const exited = new Promise<void>((resolve) => (end = resolve));
      const source = {
        engine: breakingEngine(lines, breaks, () => end()),
        containerId: 'c1',
        exited,
        signal: new AbortController().signal,
      };
      const pieces: LogPiece[] = [];
      for await (const batch of readLog(source)) pieces.push(...batch.pieces);
      expect(textOf(pieces, 'stdout')).toBe(lines.map(({ text }) => text).join(''));
    }
  });

  it('ends when it is told to, though the container runs on', async () => {
    const stop = new AbortController();
    const engine = { logs: async () => new Readable({ read: () => undefined }) };
    setTimeout(() => stop.abort(), 50);
    const batches = [];
    for await (const batch of readLog({
      engine: engine as unknown as ContainerEngine,
      containerId: 'c1',
      exited: new Promise(() => undefined),
      signal: stop.signal,
    })) {
      batches.push(batch);
    }
    expect(batches).toEqual([]);
  });
});
