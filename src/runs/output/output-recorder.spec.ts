import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';

import { FileOutputLog } from './file-output-log.js';
import { OutputRecorder } from './output-recorder.js';
import type { OutputRecord } from './output-record.js';

const directory = mkdtempSync(join(tmpdir(), 'risoluto-output-'));
afterAll(() => rmSync(directory, { recursive: true }));
const log = new FileOutputLog((runId) => join(directory, `${runId}.ndjson`));

let runs = 0;

async function record(
  writes: readonly { stream: 'stdout' | 'stderr'; bytes: Buffer }[],
  options: { values?: string[]; limitBytes?: number } = {},
): Promise<string> {
  runs += 1;
  const runId = `run-${runs}`;
  const appender = await log.create(runId);
  const recorder = new OutputRecorder(appender, {
    turn: 1,
    values: options.values ?? [],
    limitBytes: options.limitBytes ?? 1024 * 1024,
    lastSeq: 0,
    onStored: () => undefined,
  });
  for (const { stream, bytes } of writes) await recorder.write(stream, 5, bytes);
  await recorder.end(6);
  await appender.close();
  return runId;
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
        const pieces = writes.flatMap(({ stream, text }) => {
          const bytes = Buffer.from(text);
          return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => ({
            stream,
            bytes: bytes.subarray(index * size, (index + 1) * size),
          }));
        });
        const records = await readAll(await record(pieces));
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
    const appender = await log.create('later');
    await appender.append([{ seq: 1, at: 1, turn: 1, stream: 'stdout', text: 'a' }]);
    expect((await reader.next()).map((one) => one.text)).toEqual(['a']);
    expect(await reader.next()).toEqual([]);
    await appender.append([{ seq: 2, at: 1, turn: 1, stream: 'stdout', text: 'b' }]);
    expect((await reader.next()).map((one) => one.text)).toEqual(['b']);
    await appender.close();
    await reader.close();
  });
});
