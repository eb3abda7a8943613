import { StringDecoder } from 'node:string_decoder';

import { MaskPatterns, OutputMasker } from '../masking/output-masker.js';
import type { OutputAppender } from './output-log.js';
import type { OutputRecord, OutputStream } from './output-record.js';

/** What arrives within this time is stored as one record a stream, so that a flood stays cheap. */
const GATHER_MS = 20;
const RECORD_BYTES = 16 * 1024;

export interface RecorderOptions {
  turn: number;
  /** Values to mask. */
  values: readonly string[];
  /** Bytes of text that are stored. */
  limitBytes: number;
  /** The seq of the last record already stored. */
  lastSeq: number;
  /** Called after records were stored. */
  onStored: () => void;
}

interface Channel {
  masker: OutputMasker;
  decoder: StringDecoder;
}

/**
 * Turns what a command prints into stored records: masked, decoded, gathered, limited. Holds at
 * most some records' worth of output at a time, whatever is printed; `write` waits for the disk.
 */
export class OutputRecorder {
  readonly #channels: Record<'stdout' | 'stderr', Channel>;
  #seq: number;
  #stored = 0;
  #limitReached = false;
  #gathered: OutputRecord[] = [];
  #gatheredBytes = 0;
  #timer: NodeJS.Timeout | null = null;
  #lastFlush = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly appender: OutputAppender,
    private readonly options: RecorderOptions,
  ) {
    this.#seq = options.lastSeq;
    const patterns = new MaskPatterns(options.values);
    this.#channels = { stdout: channelOf(patterns), stderr: channelOf(patterns) };
  }

  /** The limit is reached: nothing that is written from now on is stored. */
  get full(): boolean {
    return this.#limitReached;
  }

  async write(stream: 'stdout' | 'stderr', at: number, bytes: Buffer): Promise<void> {
    if (this.#limitReached) return;
    const channel = this.#channels[stream];
    this.#gather(stream, at, channel.decoder.write(channel.masker.push(bytes)));
    if (this.#gatheredBytes >= RECORD_BYTES) return this.#flush();
    if (this.#gathered.length === 0 || this.#timer !== null) return;
    const wait = Math.max(0, this.#lastFlush + GATHER_MS - performance.now());
    // The error stays in #writing, where the next write or `end` meets it.
    this.#timer = setTimeout(() => void this.#flush().catch(() => undefined), wait);
  }

  /** Stores what is still held back. Nothing may be written after it. */
  async end(at: number): Promise<void> {
    for (const stream of ['stdout', 'stderr'] as const) {
      const { masker, decoder } = this.#channels[stream];
      this.#gather(stream, at, decoder.write(masker.end()) + decoder.end());
    }
    await this.#flush();
  }

  #gather(stream: OutputStream, at: number, text: string): void {
    if (text === '' || this.#limitReached) return;
    const room = this.options.limitBytes - this.#stored;
    const bytes = Buffer.byteLength(text);
    if (bytes <= room) {
      this.#stored += bytes;
      this.#push(stream, at, text);
      return;
    }
    this.#limitReached = true;
    const fits = new StringDecoder('utf8').write(Buffer.from(text).subarray(0, room));
    if (fits !== '') this.#push(stream, at, fits);
    const limit = this.options.limitBytes;
    this.#push('system', at, `[output limit of ${limit} bytes reached; the rest is not stored]\n`);
  }

  #push(stream: OutputStream, at: number, text: string): void {
    const last = this.#gathered.at(-1);
    this.#gatheredBytes += text.length;
    if (last !== undefined && last.stream === stream && last.text.length < RECORD_BYTES) {
      last.text += text;
      return;
    }
    this.#seq += 1;
    this.#gathered.push({ seq: this.#seq, at, turn: this.options.turn, stream, text });
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

  async #store(before: Promise<void>, records: readonly OutputRecord[]): Promise<void> {
    await before;
    await this.appender.append(records);
    this.options.onStored();
  }
}

function channelOf(patterns: MaskPatterns): Channel {
  return { masker: new OutputMasker(patterns), decoder: new StringDecoder('utf8') };
}
