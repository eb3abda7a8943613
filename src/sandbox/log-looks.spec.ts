import { Readable } from 'node:stream';

import { describe, expect, it } from 'vitest';

import type { ContainerEngine, LogQuery } from './container-engine.js';
import { readLog } from './log-reader.js';

interface Line {
  stream: 'stdout' | 'stderr';
  ns: bigint;
  text: string;
}

const START_NS = 1_795_446_000_000_000_000n;
/** What the first look at a log asks for. */
const FIRST_TAIL = 4096;

function encode({ stream, ns, text }: Line): Buffer {
  const seconds = new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 19);
  const nanos = String(ns % 1_000_000_000n).padStart(9, '0');
  const record = Buffer.from(`${seconds}.${nanos}Z ${text}`);
  const header = Buffer.alloc(8);
  header[0] = stream === 'stdout' ? 1 : 2;
  header.writeUInt32BE(record.length, 4);
  return Buffer.concat([header, record]);
}

function nanosecondsOf(since = '0.0'): bigint {
  const [seconds = '', nanos = ''] = since.split('.');
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
}

function numbered(from: number, to: number): Line[] {
  return Array.from({ length: to - from }, (_, index) => ({
    stream: 'stdout',
    ns: START_NS + BigInt(from + index) * 1000n,
    text: `${from + index}\n`,
  }));
}

/** An engine with the log of one container, which grows when it is told to. */
class GrowingLog {
  readonly queries: LogQuery[] = [];
  readonly #lines: Line[] = [];
  readonly #bells = new Set<Readable>();
  #end: () => void = () => undefined;
  readonly exited = new Promise<void>((resolve) => (this.#end = resolve));

  print(...lines: Line[]): void {
    this.#lines.push(...lines);
    for (const bell of this.#bells) bell.push('.');
  }

  end(): void {
    for (const bell of this.#bells) bell.push(null);
    this.#end();
  }

  /** The texts of what a reader is shown, a `gap` among them for each. */
  async read(rotated: boolean, onText: (text: string) => void): Promise<string[]> {
    const shown: string[] = [];
    const source = {
      engine: this as unknown as ContainerEngine,
      containerId: 'c1',
      exited: this.exited,
      signal: new AbortController().signal,
      rotated,
    };
    for await (const { pieces, afterGap } of readLog(source)) {
      if (afterGap) shown.push('gap');
      for (const { bytes } of pieces) shown.push(String(bytes));
      onText(shown.at(-1) ?? '');
    }
    return shown;
  }

  async logs(_id: string, query: LogQuery): Promise<Readable> {
    this.queries.push(query);
    const { follow, tail = this.#lines.length, since } = query;
    const least = nanosecondsOf(since);
    const stream = new Readable({ read: () => undefined });
    const there = tail === 0 ? [] : this.#lines.slice(-tail);
    const bytes = Buffer.concat(there.filter(({ ns }) => ns >= least).map(encode));
    if (bytes.length > 0) stream.push(bytes);
    if (follow) this.#bells.add(stream.once('close', () => this.#bells.delete(stream)));
    else stream.push(null);
    return stream;
  }
}

describe('a log whose first file is not full', () => {
  it('is followed once and read once at the end, with nothing between', async () => {
    const log = new GrowingLog();
    log.print(...numbered(0, 3));
    const shown = await log.read(false, () => setTimeout(() => log.end(), 1200));
    expect(shown).toEqual(['0\n', '1\n', '2\n']);
    expect(log.queries).toEqual([
      { follow: true },
      { follow: false, tail: FIRST_TAIL, since: expect.any(String) },
    ]);
  });
});

describe('a look at a log behind its first file', () => {
  it('reaches back far enough where the last lines begin with an older one of the other stream', async () => {
    const log = new GrowingLog();
    log.print({ stream: 'stderr', ns: START_NS, text: 'first\n' }, ...numbered(1, 10));
    const late: Line = { stream: 'stderr', ns: START_NS + 8500n, text: 'late\n' };
    const unread = numbered(10, 10 + FIRST_TAIL);
    let grown = false;
    const shown = await log.read(true, (text) => {
      if (!grown) log.print(unread[0]!, late, ...unread.slice(1));
      grown = true;
      if (text === unread.at(-1)?.text) log.end();
    });
    const numbers = [...numbered(1, 10), ...unread].map(({ text }) => text);
    expect(shown.filter((text) => /^\d/.test(text))).toEqual(numbers);
    expect(shown.filter((text) => !/^\d/.test(text))).toEqual(['first\n', 'late\n']);
  });

  it('is not taken again before something was printed', async () => {
    const log = new GrowingLog();
    log.print(...numbered(0, 3));
    await log.read(true, () => setTimeout(() => log.end(), 1200));
    const looks = log.queries.filter(({ follow }) => !follow);
    expect(looks).toHaveLength(2);
  });
});
