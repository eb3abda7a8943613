import { StringDecoder } from 'node:string_decoder';

import type { AgentEvent } from '../agents/turn-driver.js';
import { maskedText } from '../masking/masked-text.js';
import { MaskPatterns } from '../masking/output-masker.js';
import { OutputChannel } from './output-channel.js';
import type { OutputAppender } from './output-log.js';
import type { OutputStream, RecordedEvent, StoredMark, StoredRecord } from './output-record.js';
import { shownEvent } from './shown-event.js';

/** What arrives within this time is stored as one record a stream, so that a flood stays cheap. */
const GATHER_MS = 20;
const RECORD_BYTES = 16 * 1024;
const GAP = '[output is missing here: the engine’s log did not keep it until it was read]\n';

/** A piece of a sandbox's output, as it was printed. */
export interface PrintedPiece {
  stream: 'stdout' | 'stderr';
  /** Milliseconds since 1970; and nanoseconds, by which the piece is found again in the engine's log. */
  at: number;
  ns: bigint;
  bytes: Buffer;
  /** What stood before it is lost. */
  afterGap: boolean;
  /** Its last line is over, though its break comes with the next piece. */
  lineOver?: true;
}

export interface RecorderOptions {
  turn: number;
  /** Values to mask. */
  values: readonly string[];
  /** Bytes of text that are stored. */
  limitBytes: number;
  /** What is written begins where the earlier recorder left off, not with the first byte of each stream. */
  goesOn?: boolean;
  /** A line of ours that stands before all else. */
  notice?: string | null;
  /** When that line was written, as milliseconds since 1970. */
  startedAt?: number;
  /** Of an agent, from 1; what an earlier start of it printed in the same turn is none of this one's. */
  attempt?: number | undefined;
  /** Called after records were stored. */
  onStored: () => void;
}

/**
 * Turns what a command prints into stored records: masked, decoded, gathered, limited. Holds at
 * most some records' worth of output at a time, whatever is printed; `write` waits for the disk.
 *
 * Where an earlier recorder stored a part of the same turn, this one is given each stream from its
 * first byte again, or only what that one lacks, and goes on exactly where that one ended. The limit
 * is one for all turns of a run; each turn that meets it is marked.
 */
export class OutputRecorder {
  readonly #patterns: MaskPatterns;
  readonly #channels: Record<'stdout' | 'stderr', OutputChannel>;
  #mark: Omit<StoredMark, 'unsettled'> | null = null;
  #seq: number;
  #total: number;
  #limitReached = false;
  /** Events of lines: those that are stored or gathered, and those that were given here. */
  #events: number;
  #given = 0;
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
    const own = isOf(last, options) ? last : null;
    this.#events = own?.events ?? 0;
    const [stdout, stderr] = own?.raw ?? [0, 0];
    this.#patterns = new MaskPatterns(options.values);
    const channel = (known: number) =>
      new OutputChannel(this.#patterns, { known, first: options.goesOn ? known : 0 });
    this.#channels = { stdout: channel(stdout), stderr: channel(stderr) };
    if (last?.full) this.#reachLimit(last.until, own?.stream === 'system');
    else if (options.notice) this.#push('system', options.startedAt ?? 0, options.notice);
  }

  /** The limit is reached: nothing that is written from now on is stored. */
  get full(): boolean {
    return this.#limitReached;
  }

  async write({ stream, at, ns, bytes, afterGap }: PrintedPiece): Promise<void> {
    if (this.#limitReached) return;
    if (afterGap) this.#passGap(at);
    const text = this.#channels[stream].push(bytes);
    this.#mark = { stream, ns: String(ns) };
    this.#gather(stream, at, text);
    return this.#settle();
  }

  /**
   * What an agent's next line, the end of which was just written, tells. All events of an attempt are
   * given again to a later recorder, which stores those that are not stored yet: by their number, so
   * that a crash neither doubles nor loses one, wherever it fell.
   */
  async writeEvents(events: readonly AgentEvent[], at: number): Promise<void> {
    for (const event of events) {
      this.#given += 1;
      if (this.#given > this.#events) this.#gatherEvent(event, at, this.#given);
    }
    return this.#settle();
  }

  /** An event that came of no line. Stored when it resolves, unless the limit was reached. */
  async tell(event: AgentEvent, at: number): Promise<void> {
    this.#gatherEvent(event, at, this.#events);
    await this.#flush();
  }

  /** Without the values that are masked. */
  masked(text: string): string {
    return maskedText(this.#patterns, text);
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

  /**
   * What was held back before the gap may be the beginning of a value, and what comes behind it the end of
   * one, so neither is shown: they count as missing too.
   */
  #passGap(at: number): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      const first = this.#channels[stream].offset;
      const known = first + this.#patterns.longest;
      this.#channels[stream] = new OutputChannel(this.#patterns, { known, first });
    }
    this.#push('system', at, GAP);
  }

  async #settle(): Promise<void> {
    if (this.#gatheredBytes >= RECORD_BYTES) return this.#flush();
    if (this.#gathered.length === 0 || this.#timer !== null) return;
    const wait = Math.max(0, this.#lastFlush + GATHER_MS - performance.now());
    // The error stays in #writing, where the next write or `end` meets it.
    this.#timer = setTimeout(() => void this.#flush().catch(() => undefined), wait);
  }

  #gatherEvent(event: AgentEvent, at: number, count: number): void {
    if (this.#limitReached) return;
    const { text, recorded } = shownEvent(this.#patterns, event);
    const bytes = Buffer.byteLength(text) + Buffer.byteLength(JSON.stringify(recorded));
    if (bytes > this.options.limitBytes - this.#total) return this.#reachLimit(at, false);
    this.#total += bytes;
    this.#events = count;
    this.#push('agent', at, text, recorded);
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

  #push(stream: OutputStream, at: number, text: string, event?: RecordedEvent): void {
    const { turn, attempt } = this.options;
    this.#gatheredBytes += text.length;
    const { stdout, stderr } = this.#channels;
    const progress = {
      raw: [stdout.offset, stderr.offset] as [number, number],
      total: this.#total,
      until: at,
      ...(this.#mark && {
        mark: {
          ...this.#mark,
          unsettled: [stdout.unsettled, stderr.unsettled] as [number, number],
        },
      }),
      ...(this.#limitReached && { full: true as const }),
      ...(attempt !== undefined && { attempt, events: this.#events }),
    };
    const last = this.#gathered.at(-1);
    const joins = last?.stream === stream && stream !== 'agent';
    if (joins && last.text.length < RECORD_BYTES) {
      Object.assign(last, progress, { text: last.text + text });
      return;
    }
    this.#seq += 1;
    const shown = { seq: this.#seq, at, turn, stream, text, ...(event && { event }) };
    this.#gathered.push({ ...shown, ...progress });
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

/** Whether it counts what this recorder goes on counting. */
function isOf(last: StoredRecord | null, { turn, attempt = 1 }: RecorderOptions): boolean {
  return last !== null && last.turn === turn && (last.attempt ?? 1) === attempt;
}
