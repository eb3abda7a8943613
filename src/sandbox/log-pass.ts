import type { Readable } from 'node:stream';

import type { LogFiles } from './log-files.js';
import { LogDemultiplexer, type LogPiece, formatSince } from './log-frames.js';
import { LogPosition } from './log-position.js';
import type { LogSource } from './log-source.js';
import { LongLineRepair } from './long-line-repair.js';

/** Silence after a container's end after which a followed log will say no more. */
const SILENCE_AFTER_EXIT_MS = 2_000;
/** Records at the end of a log that a look asks for first, and how many times more it asks for next. */
const FIRST_TAIL = 4096;
const TAIL_GROWTH = 16;
const MOST_TAIL = FIRST_TAIL * TAIL_GROWTH ** 2;

export interface LogBatch {
  pieces: LogPiece[];
  /** What stood before them was dropped by the engine and not read. */
  afterGap: boolean;
}

interface PassKind {
  follow: boolean;
  /** So many records of those that are there; `null`: all of them. */
  tail: number | null;
}

/** The passes over one log, each of which goes on where those before it ended. */
export class LogPasses {
  readonly #position = new LogPosition();
  #repair = new LongLineRepair();
  #bytes = 0;

  constructor(
    private readonly source: LogSource,
    private readonly files: LogFiles,
  ) {}

  /** What the last pass has brought. */
  get bytes(): number {
    return this.#bytes;
  }

  /** All that is new from now on; ends at the end of the log's first file at the latest. */
  async *follow(): AsyncGenerator<LogBatch> {
    this.#bytes = 0;
    yield* this.#pass({ follow: true, tail: null });
  }

  /**
   * All that is new now. The engine takes seconds to read a log of millions of lines, so it is asked for the
   * last of them first, which are enough where they begin before what is new.
   */
  async *look(): AsyncGenerator<LogBatch> {
    this.#bytes = 0;
    for (let tail: number | null = FIRST_TAIL; ; tail = nextTail(tail)) {
      const asked = this.#position.canTellEnd ? tail : null;
      if (yield* this.#pass({ follow: false, tail: asked })) return;
    }
  }

  /** Whether it began early enough; nothing is taken otherwise. */
  async *#pass({ follow, tail }: PassKind): AsyncGenerator<LogBatch, boolean> {
    const { exited, signal } = this.source;
    const stream = await this.#open(follow, tail);
    const stop = () => stream.destroy();
    signal.addEventListener('abort', stop);
    const silence = follow ? endAfterSilence(stream, exited) : null;
    const demultiplexer = new LogDemultiplexer();
    let begun = tail === null;
    try {
      for await (const chunk of stream) {
        silence?.heard();
        const read = demultiplexer.push(chunk as Buffer);
        if (!begun && read[0] && this.#position.isNew(read[0])) return false;
        begun ||= read.length > 0;
        const batch = this.#batch(read);
        if (batch !== null) yield batch;
        if (follow && (await this.files.mayBeBehindFirst())) return true;
      }
      return true;
    } finally {
      silence?.stop();
      signal.removeEventListener('abort', stop);
      stream.destroy();
    }
  }

  #batch(read: LogPiece[]): LogBatch | null {
    const taken = read.filter((piece) => this.#position.take(piece));
    if (taken.length === 0) return null;
    this.files.count(taken);
    const afterGap = this.#position.takeGap();
    if (afterGap) {
      this.files.foundGap();
      this.#repair = new LongLineRepair();
    }
    const pieces = taken.map((piece) => this.#repair.push(piece));
    for (const { bytes } of pieces) this.#bytes += bytes.length;
    return { pieces, afterGap };
  }

  #open(follow: boolean, tail: number | null): Promise<Readable> {
    const { engine, containerId, opened } = this.source;
    const since = this.#position.beginPass();
    this.source.opened = null;
    if (opened && !opened.destroyed && follow) return Promise.resolve(opened);
    opened?.destroy();
    return engine.logs(containerId, {
      follow,
      ...(tail === null ? {} : { tail }),
      ...(since === null ? {} : { since: formatSince(since) }),
    });
  }
}

function nextTail(tail: number | null): number | null {
  return tail === null || tail >= MOST_TAIL ? null : tail * TAIL_GROWTH;
}

function endAfterSilence(stream: Readable, exited: Promise<unknown>) {
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const arm = () => {
    if (over) return;
    clearTimeout(timer);
    timer = setTimeout(() => stream.destroy(), SILENCE_AFTER_EXIT_MS);
  };
  void exited.then(arm);
  return {
    heard: () => {
      if (timer) arm();
    },
    stop: () => {
      over = true;
      clearTimeout(timer);
    },
  };
}
