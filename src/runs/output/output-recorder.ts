import { StringDecoder } from 'node:string_decoder';

import { MaskPatterns } from '../masking/output-masker.js';
import { OutputChannel } from './output-channel.js';
import type { OutputAppender } from './output-log.js';
import type { OutputStream, StoredRecord } from './output-record.js';

/** What arrives within this time is stored as one record a stream, so that a flood stays cheap. */
const GATHER_MS = 20;
const RECORD_BYTES = 16 * 1024;
const GAP = '[output is missing here: the engine’s log did not keep it until it was read]\n';

export interface RecorderOptions {
  turn: number;
  /** Values to mask. */
  values: readonly string[];
  /** Bytes of text that are stored. */
  limitBytes: number;
  /** What is written begins behind a hole, not with the first byte of each stream. */
  afterGap?: boolean;
  /** A line of ours that stands before all else. */
  notice?: string | null;
  /** When that line was written, as milliseconds since 1970. */
  startedAt?: number;
  /** Called after records were stored. */
  onStored: () => void;
}

/**
 * Turns what a command prints into stored records: masked, decoded, gathered, limited. Holds at
 * most some records' worth of output at a time, whatever is printed; `write` waits for the disk.
 *
 * Where an earlier recorder stored a part of the same turn, this one is given each stream from its
 * first byte again and goes on exactly where that one ended. The limit is one for all turns of a run;
 * each turn that meets it is marked.
 */
export class OutputRecorder {
  readonly #channels: Record<'stdout' | 'stderr', OutputChannel>;
  #seq: number;
  #total: number;
  #limitReached = false;
  #gathered: StoredRecord[] = [];
  #gatheredBytes = 0;
  #timer: NodeJS.Timeout | null = null;
  #lastFlush = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly appender: OutputAppender,
    private readonly options: RecorderOptions,
  ) {
    const { last } = appender;
    this.#seq = last?.seq ?? 0;
    this.#total = last?.total ?? 0;
    const own = last?.turn === options.turn ? last : null;
    const [stdout, stderr] = own?.raw ?? [0, 0];
    const patterns = new MaskPatterns(options.values);
    const channel = (known: number) =>
      new OutputChannel(patterns, { known, first: options.afterGap ? known : 0 });
    this.#channels = { stdout: channel(stdout), stderr: channel(stderr) };
    if (last?.full) this.#reachLimit(last.until, own?.stream === 'system');
    else if (options.afterGap) this.#push('system', last?.until ?? 0, GAP);
    else if (options.notice) this.#push('system', options.startedAt ?? 0, options.notice);
  }

  /** The limit is reached: nothing that is written from now on is stored. */
  get full(): boolean {
    return this.#limitReached;
  }

  async write(stream: 'stdout' | 'stderr', at: number, bytes: Buffer): Promise<void> {
    if (this.#limitReached) return;
    this.#gather(stream, at, this.#channels[stream].push(bytes));
    if (this.#gatheredBytes >= RECORD_BYTES) return this.#flush();
    if (this.#gathered.length === 0 || this.#timer !== null) return;
    const wait = Math.max(0, this.#lastFlush + GATHER_MS - performance.now());
    // The error stays in #writing, where the next write or `end` meets it.
    this.#timer = setTimeout(() => void this.#flush().catch(() => undefined), wait);
  }

  /** Stores what is still held back. Nothing may be written after it. */
  async end(at: number): Promise<void> {
    for (const stream of ['stdout', 'stderr'] as const) {
      this.#gather(stream, at, this.#channels[stream].end());
    }
    await this.#flush();
  }

  /** Stores all that is decided, for another recorder to go on with what is held back. */
  async pause(): Promise<void> {
    await this.#flush();
  }

  #gather(stream: OutputStream, at: number, text: string): void {
    if (text === '' || this.#limitReached) return;
    const room = this.options.limitBytes - this.#total;
    const bytes = Buffer.byteLength(text);
    if (bytes <= room) {
      this.#total += bytes;
      this.#push(stream, at, text);
      return;
    }
    this.#limitReached = true;
    const fits = new StringDecoder('utf8').write(Buffer.from(text).subarray(0, room));
    if (fits !== '') this.#push(stream, at, fits);
    this.#reachLimit(at, false);
  }

  /** A crash can fall between the last text that fits and the mark. */
  #reachLimit(at: number, marked: boolean): void {
    this.#limitReached = true;
    const limit = this.options.limitBytes;
    if (marked) return;
    this.#push('system', at, `[output limit of ${limit} bytes reached; the rest is not stored]\n`);
  }

  #push(stream: OutputStream, at: number, text: string): void {
    this.#gatheredBytes += text.length;
    const { stdout, stderr } = this.#channels;
    const progress = {
      raw: [stdout.offset, stderr.offset] as [number, number],
      total: this.#total,
      until: at,
      ...(this.#limitReached && { full: true as const }),
    };
    const last = this.#gathered.at(-1);
    if (last !== undefined && last.stream === stream && last.text.length < RECORD_BYTES) {
      Object.assign(last, progress, { text: last.text + text });
      return;
    }
    this.#seq += 1;
    const { turn } = this.options;
    this.#gathered.push({ seq: this.#seq, at, turn, stream, text, ...progress });
  }

  #flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const records = this.#gathered;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#lastFlush = performance.now();
    if (records.length === 0) return this.#writing;
    this.#writing = this.#store(this.#writing, records);
    return this.#writing;
  }

  async #store(before: Promise<void>, records: readonly StoredRecord[]): Promise<void> {
    await before;
    await this.appender.append(records);
    this.options.onStored();
  }
}
