import { mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';

import type { AgentEvent } from '../agents/turn-driver.js';
import { FileOutputLog } from './file-output-log.js';
import { OutputRecorder } from './output-recorder.js';
import type { StoredRecord } from './output-record.js';

const directory = mkdtempSync(join(tmpdir(), 'risoluto-events-'));
afterAll(() => rmSync(directory, { recursive: true }));
const log = new FileOutputLog(directory);
let runs = 0;

interface Options {
  attempt?: number;
  values?: string[];
  limitBytes?: number;
  finish?: 'end' | 'pause';
}

const message = (text: string): AgentEvent => ({ type: 'message', text });

/** Line for line, with one event of each; the recorder is left in the middle where it pauses. */
async function record(runId: string, lines: readonly string[], options: Options = {}) {
  const { attempt = 1, values = [], limitBytes = 1024 * 1024, finish = 'end' } = options;
  const appender = await log.open(runId);
  const onStored = () => undefined;
  const recorder = new OutputRecorder(appender, { turn: 1, values, limitBytes, attempt, onStored });
  for (const [index, line] of lines.entries()) {
    const bytes = Buffer.from(`${line}\n`);
    const ns = BigInt(index + 1);
    await recorder.write({ stream: 'stdout', at: 5, ns, bytes, afterGap: false });
    await recorder.writeEvents([message(`${index} ${line}`)], 5);
  }
  await (finish === 'end' ? recorder.end(6) : recorder.pause());
  await appender.close();
}

const newRun = () => `run-${(runs += 1)}`;
const fileOf = (runId: string) => join(directory, `${runId}.ndjson`);
const stored = (runId: string) =>
  readFileSync(fileOf(runId), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as StoredRecord);
const textsOf = (records: readonly StoredRecord[], stream: string) =>
  records.filter((one) => one.stream === stream).map(({ text }) => text);

describe('the events of an agent', () => {
  it('are stored without data that is nested too deeply to be walked through', async () => {
    const deep = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)) as unknown;
    const runId = newRun();
    const appender = await log.open(runId);
    const more = { limitBytes: 1024 * 1024, attempt: 1, onStored: () => undefined };
    const recorder = new OutputRecorder(appender, { turn: 1, values: ['a-secret'], ...more });
    const event: AgentEvent = { type: 'message', text: 'said a-secret', data: { deep } };
    await recorder.writeEvents([event], 5);
    await recorder.end(6);
    await appender.close();
    expect(stored(runId)).toMatchObject([
      { text: 'said ***\n', event: { type: 'message', dataTooLarge: true } },
    ]);
  });

  it('are stored once each, wherever a crash tore the file, with the output that they came of', async () => {
    const lines = fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '𝄞'), maxLength: 400 }), {
      minLength: 1,
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(lines, fc.nat(1000), fc.nat(1000), async (all, printed, torn) => {
        const runId = newRun();
        const before = all.slice(0, Math.ceil((all.length * printed) / 1000));
        await record(runId, before, { finish: 'pause', values: ['éaé'] });
        const size = readFileSync(fileOf(runId)).length;
        truncateSync(fileOf(runId), Math.floor((size * torn) / 1000));
        await record(runId, all, { values: ['éaé'] });
        const records = stored(runId);
        const whole = newRun();
        await record(whole, all, { values: ['éaé'] });
        expect(textsOf(records, 'agent')).toEqual(textsOf(stored(whole), 'agent'));
        expect(textsOf(records, 'stdout').join('')).toBe(textsOf(stored(whole), 'stdout').join(''));
        expect(records.map(({ seq }) => seq)).toEqual(records.map((_, index) => index + 1));
      }),
      { numRuns: 60 },
    );
  });

  it('begin anew with each start of the agent', async () => {
    const runId = newRun();
    await record(runId, ['one', 'two'], { finish: 'pause' });
    await record(runId, ['one'], { attempt: 2 });
    expect(textsOf(stored(runId), 'agent')).toEqual(['0 one\n', '1 two\n', '0 one\n']);
    expect(textsOf(stored(runId), 'stdout').join('')).toBe('one\ntwo\none\n');
  });

  it('count against the output limit, which is marked once', async () => {
    const runId = newRun();
    await record(runId, ['x'.repeat(100), 'y'], { limitBytes: 150 });
    expect(stored(runId).map(({ stream }) => stream)).toEqual(['stdout', 'system']);
  });

  it('are masked in each of their texts, and bounded', async () => {
    const appender = await log.open('masked');
    const options = { turn: 1, values: ['s3cret-12', '4711'], limitBytes: 1024 ** 2, attempt: 1 };
    const recorder = new OutputRecorder(appender, { ...options, onStored: () => undefined });
    const data = { of: ['s3cret-12'], 's3cret-12': { n: 4711, ok: true, none: null } };
    await recorder.tell({ type: 'tool', text: 'a czNjcmV0LTEy b', data }, 7);
    await recorder.tell({ type: 'message', text: 'é'.repeat(20_000), data: { type: 'x' } }, 8);
    await recorder.tell({ type: 'plan', text: '', data: { long: 'x'.repeat(20_000) } }, 9);
    expect(recorder.masked('say s3cret-12')).toBe('say ***');
    await recorder.end(9);
    await appender.close();
    const [tool, long, large] = stored('masked');
    expect(tool).toMatchObject({ text: 'a *** b\n', stream: 'agent', at: 7 });
    expect(tool?.event).toEqual({
      type: 'tool',
      of: ['***'],
      '***': { n: '***', ok: true, none: null },
    });
    expect(long?.event).toEqual({ type: 'message' });
    expect(long?.text).toBe(`${'é'.repeat(16_384)}\n[cut: 7232 bytes more]\n`);
    expect(large).toMatchObject({ text: '', event: { type: 'plan', dataTooLarge: true } });
  });
});
