import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';

import { LogResumption } from '../../sandbox/log-resumption.js';
import { FileOutputLog } from './file-output-log.js';
import { logMarkOf } from './log-mark-of.js';
import { OutputRecorder } from './output-recorder.js';
import type { OutputRecord, StoredRecord } from './output-record.js';

const directory = mkdtempSync(join(tmpdir(), 'risoluto-output-'));
afterAll(() => rmSync(directory, { recursive: true }));
const log = new FileOutputLog(directory);

let runs = 0;

type Write = { stream: 'stdout' | 'stderr'; bytes: Buffer; ns?: bigint };
const FIRST_NS = 5_000_000n;
interface Options {
  values?: string[];
  limitBytes?: number;
  afterGap?: boolean;
  goesOn?: boolean;
  turn?: number;
}

function newRun(): string {
  runs += 1;
  return `run-${runs}`;
}

/** Each has a place in the engine's log. */
function placed(writes: readonly Write[]): Required<Write>[] {
  return writes.map((write, index) => ({ ns: FIRST_NS + BigInt(index), ...write }));
}

async function lastOf(runId: string): Promise<StoredRecord | null> {
  const appender = await log.open(runId);
  await appender.close();
  return appender.last;
}

const fileOf = (runId: string) => join(directory, `${runId}.ndjson`);

async function recordInto(
  runId: string,
  writes: readonly Write[],
  { values = [], limitBytes = 1024 * 1024, afterGap = false, goesOn = false, turn = 1 }: Options,
  finish: 'end' | 'pause',
): Promise<void> {
  const appender = await log.open(runId);
  const onStored = () => undefined;
  const options = { turn, values, limitBytes, goesOn: afterGap || goesOn, onStored };
  const recorder = new OutputRecorder(appender, options);
  for (const [index, write] of placed(writes).entries()) {
    await recorder.write({ ...write, at: 5, afterGap: afterGap && index === 0 });
  }
  await (finish === 'end' ? recorder.end(6) : recorder.pause());
  await appender.close();
}

async function record(writes: readonly Write[], options: Options = {}): Promise<string> {
  const runId = newRun();
  await recordInto(runId, writes, options, 'end');
  return runId;
}

/** The same bytes of each stream, in pieces of at most `size`, up to a part of the whole. */
function cut(writes: readonly Write[], size: number, part = 1): Write[] {
  const pieces = joined(writes).flatMap(({ stream, bytes }) =>
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => ({
      stream,
      bytes: bytes.subarray(index * size, (index + 1) * size),
    })),
  );
  return pieces.slice(0, Math.ceil(pieces.length * part));
}

/** Neighbours of one stream as one write, so that a cut falls anywhere. */
function joined(writes: readonly Write[]): Write[] {
  const all: Write[] = [];
  for (const { stream, bytes } of writes) {
    const last = all.at(-1);
    if (last?.stream === stream) last.bytes = Buffer.concat([last.bytes, bytes]);
    else all.push({ stream, bytes });
  }
  return all;
}

function stored(seq: number, text: string): StoredRecord {
  const counts = { raw: [seq, 0] as [number, number], total: seq, until: 1 };
  return { seq, at: 1, turn: 1, stream: 'stdout', text, ...counts };
}

async function readAll(runId: string, after = 0): Promise<OutputRecord[]> {
  const reader = await log.read(runId, after);
  const records: OutputRecord[] = [];
  for (let some = await reader.next(); some.length > 0; some = await reader.next()) {
    records.push(...some);
  }
  await reader.close();
  return records;
}

const textOf = (records: OutputRecord[], stream: string) =>
  records
    .filter((one) => one.stream === stream)
    .map((one) => one.text)
    .join('');

const write = fc.record({
  stream: fc.constantFrom('stdout' as const, 'stderr' as const),
  text: fc.string({ unit: fc.constantFrom('a', '\n', 'é', '𝄞', '\0') }),
});

describe('OutputRecorder', () => {
  it('stores each stream unchanged, numbered without gaps, however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(write), fc.integer({ min: 1, max: 3 }), async (writes, size) => {
        const bytes = writes.map(({ stream, text }) => ({ stream, bytes: Buffer.from(text) }));
        const records = await readAll(await record(cut(bytes, size)));
        expect(records.map((one) => one.seq)).toEqual(records.map((_, index) => index + 1));
        for (const stream of ['stdout', 'stderr'] as const) {
          const printed = writes.filter((one) => one.stream === stream).map((one) => one.text);
          // A character that the other stream's write cut in two is still one character.
          expect(textOf(records, stream)).toBe(printed.join(''));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('stops at the limit, in whole characters, and marks it once', async () => {
    const flood = Array.from({ length: 50 }, () => ({
      stream: 'stdout' as const,
      bytes: Buffer.from('é'.repeat(100)),
    }));
    const records = await readAll(await record(flood, { limitBytes: 1001 }));
    expect(textOf(records, 'stdout')).toBe('é'.repeat(500));
    expect(textOf(records, 'system')).toBe(
      '[output limit of 1001 bytes reached; the rest is not stored]\n',
    );
  });

  it('masks before it stores, across writes', async () => {
    const runId = await record(
      ['tok', 'en-', '12345'].map((text) => ({ stream: 'stderr', bytes: Buffer.from(text) })),
      { values: ['token-12345'] },
    );
    expect(textOf(await readAll(runId), 'stderr')).toBe('***');
  });

  it('finds its place again behind any record', async () => {
    const writes = Array.from({ length: 3000 }, (_, index) => ({
      stream: index % 2 === 0 ? ('stdout' as const) : ('stderr' as const),
      bytes: Buffer.from(`line ${index} ${'x'.repeat(index % 200)}\n`),
    }));
    const runId = await record(writes);
    for (const after of [0, 1, 2, 1499, 2998, 2999, 3000, 9000]) {
      const records = await readAll(runId, after);
      expect(records.length).toBe(Math.max(0, 3000 - after));
      if (after < 3000) expect(records[0]!.seq).toBe(after + 1);
    }
  });

  it('reads on where more is written, also when the file came after the reader', async () => {
    const reader = await log.read('later', 0);
    expect(await reader.next()).toEqual([]);
    const appender = await log.open('later');
    await appender.append([stored(1, 'a')]);
    expect((await reader.next()).map((one) => one.text)).toEqual(['a']);
    expect(await reader.next()).toEqual([]);
    await appender.append([stored(2, 'b')]);
    expect((await reader.next()).map((one) => one.text)).toEqual(['b']);
    await appender.close();
    await reader.close();
  });
});

const SECRET = 'ab-ab-abc\nabéab';
const noise = fc.constantFrom(
  'a',
  'ab',
  'ab-',
  'b-a',
  SECRET,
  '\n',
  'é',
  '𝄞',
  'YWItYWIt',
  '\0',
  'x',
);
const bytes = fc.oneof(
  { weight: 9, arbitrary: noise.map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.constantFrom(...['80', 'e282', 'f09f', 'ff', 'c3'].map(hex)) },
);
function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}
const printed = fc.array(
  fc.record({ stream: fc.constantFrom('stdout' as const, 'stderr' as const), bytes }),
  { maxLength: 40 },
);
const size = fc.integer({ min: 1, max: 9 });
/** A life of the service that ends by being killed, and how much of the file's end it leaves torn. */
const life = fc.record({
  size,
  part: fc.double({ min: 0, max: 1, noNaN: true }),
  torn: fc.oneof(fc.constant(0), fc.nat(300)),
});

async function killedAgainAndAgain(
  writes: readonly Write[],
  lives: readonly { size: number; part: number; torn: number }[],
  options: Options,
): Promise<string> {
  const runId = newRun();
  for (const { size: pieces, part, torn } of lives) {
    await recordInto(runId, cut(writes, pieces, part), options, 'pause');
    truncateSync(fileOf(runId), Math.max(0, statSync(fileOf(runId)).size - torn));
  }
  await recordInto(runId, cut(writes, 4), options, 'end');
  return runId;
}

describe('a recorder behind one that was killed', () => {
  it('stores what no kill would have made another text, numbered on, whatever was torn', async () => {
    await fc.assert(
      fc.asyncProperty(printed, fc.array(life, { maxLength: 4 }), async (writes, lives) => {
        const options = { values: [SECRET, 'ab-ab'] };
        const whole = await readAll(await record(writes, options));
        const records = await readAll(await killedAgainAndAgain(writes, lives, options));
        expect(records.map((one) => one.seq)).toEqual(records.map((_, index) => index + 1));
        for (const stream of ['stdout', 'stderr'] as const) {
          expect(textOf(records, stream)).toBe(textOf(whole, stream));
        }
      }),
      { numRuns: 150 },
    );
  }, 30_000);

  it('counts what was stored towards the limit, and marks it once', async () => {
    const text = fc.array(fc.constantFrom('é', 'a', '𝄞'), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.array(life, { maxLength: 4 }),
        fc.nat(60),
        async (all, lives, n) => {
          const writes = all.map((one) => ({ stream: 'stdout' as const, bytes: Buffer.from(one) }));
          const options = { limitBytes: n };
          const whole = await readAll(await record(writes, options));
          const records = await readAll(await killedAgainAndAgain(writes, lives, options));
          expect(textOf(records, 'stdout')).toBe(textOf(whole, 'stdout'));
          expect(textOf(records, 'system')).toBe(textOf(whole, 'system'));
        },
      ),
      { numRuns: 200 },
    );
  }, 30_000);

  it('goes on exactly there where the log has lost its beginning, but not the record read last', async () => {
    await fc.assert(
      fc.asyncProperty(
        printed,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(),
        async (writes, part, lost) => {
          const values = [SECRET, 'ab-ab'];
          const pieces = cut(writes, 3);
          const whole = await readAll(await record(pieces, { values }));
          const runId = newRun();
          const read = cut(writes, 3, part);
          await recordInto(runId, read, { values }, 'pause');
          const last = await lastOf(runId);
          const mark = logMarkOf(last);
          fc.pre(mark !== null);
          const marked = Number((mark?.ns ?? 0n) - FIRST_NS);
          // What is unsettled is at most a value long, and so are so many pieces.
          const resumption = new LogResumption(mark);
          const dropped = Math.max(0, marked - 20 - (lost % 10));
          const rest = resumption.filter(placed(pieces).slice(dropped));
          expect(resumption.takeGap()).toBe(false);
          await recordInto(runId, rest, { values, goesOn: true }, 'end');
          const records = await readAll(runId);
          for (const stream of ['stdout', 'stderr'] as const) {
            expect(textOf(records, stream)).toBe(textOf(whole, stream));
          }
          expect(textOf(records, 'system')).toBe('');
        },
      ),
      { numRuns: 150 },
    );
  }, 30_000);

  it('shows neither side of a value that a gap cuts in two', async () => {
    const runId = newRun();
    const half = SECRET.length / 2;
    const [head, tail] = [SECRET.slice(0, half), SECRET.slice(half)];
    const piece = (text: string) => [{ stream: 'stdout' as const, bytes: Buffer.from(text) }];
    const values = [SECRET];
    await recordInto(runId, piece(`shown ${head}`), { values }, 'pause');
    const far = 'x'.repeat(2000);
    await recordInto(runId, piece(`${tail} ${far} end`), { values, afterGap: true }, 'end');
    const text = textOf(await readAll(runId), 'stdout');
    expect(text).toMatch(/^shown x+ end$/);
  });

  it('marks a gap, and stores all that comes behind it', async () => {
    const runId = newRun();
    const piece = (text: string) => [{ stream: 'stdout' as const, bytes: Buffer.from(text) }];
    await recordInto(runId, piece('one\n'), {}, 'pause');
    await recordInto(runId, piece('nine\n'), { afterGap: true }, 'end');
    const records = await readAll(runId);
    expect(records.map(({ seq, stream }) => [seq, stream])).toEqual([
      [1, 'stdout'],
      [2, 'system'],
      [3, 'stdout'],
    ]);
    expect(textOf(records, 'system')).toMatch(/missing/);
    expect(textOf(records, 'stdout')).toBe('one\nnine\n');
    expect(readFileSync(fileOf(runId), 'utf8').split('\n').at(-2)).toContain('"raw":[9,0]');
  });
});

describe('a recorder of a further turn', () => {
  it('stores every stream from its first byte, numbered on, and goes on there after a kill', async () => {
    await fc.assert(
      fc.asyncProperty(
        printed,
        printed,
        fc.array(life, { maxLength: 3 }),
        async (one, two, lives) => {
          const runId = await record(one);
          const before = statSync(fileOf(runId)).size;
          for (const { size: pieces, part, torn } of lives) {
            await recordInto(runId, cut(two, pieces, part), { turn: 2 }, 'pause');
            const { size } = statSync(fileOf(runId));
            truncateSync(fileOf(runId), Math.max(before, size - torn));
          }
          await recordInto(runId, cut(two, 4), { turn: 2 }, 'end');
          const records = await readAll(runId);
          expect(records.map(({ seq }) => seq)).toEqual(records.map((_, index) => index + 1));
          for (const [turn, writes] of [one, two].entries()) {
            const whole = await readAll(await record(writes));
            const own = records.filter((each) => each.turn === turn + 1);
            expect(textOf(own, 'stdout')).toBe(textOf(whole, 'stdout'));
            expect(textOf(own, 'stderr')).toBe(textOf(whole, 'stderr'));
          }
        },
      ),
      { numRuns: 60 },
    );
  }, 30_000);

  it('has what the limit of the run leaves it, and is marked where it meets it', async () => {
    const write = (text: string) => [{ stream: 'stdout' as const, bytes: Buffer.from(text) }];
    const runId = await record(write('123456'), { limitBytes: 8 });
    for (const turn of [2, 3]) {
      await recordInto(runId, write('abcd'), { limitBytes: 8, turn }, 'end');
      await recordInto(runId, write('abcd'), { limitBytes: 8, turn }, 'end');
    }
    const records = await readAll(runId);
    expect(records.map(({ turn, stream }) => [turn, stream])).toEqual([
      [1, 'stdout'],
      [2, 'stdout'],
      [2, 'system'],
      [3, 'system'],
    ]);
    expect(textOf(records, 'stdout')).toBe('123456ab');
  });
});
