import { setTimeout as sleep } from 'node:timers/promises';

import type { OutputRecorder, PrintedPiece } from '../output/output-recorder.js';
import type { OutputReaderBeside } from '../output/output-recording.js';
import type { EndedBy } from '../run-outcome.js';
import type { RunSession } from '../run-session.js';
import { AgentLines } from './agent-lines.js';
import { LineSplitter, type SplitLine } from './line-splitter.js';
import { StallWatch } from './stall-watch.js';
import type { AgentEvent, AgentProcess, AgentReader, AgentVerdict } from './turn-driver.js';

/** A line that is longer is left out, and told. */
const MOST_LINE_BYTES = 8 * 1024 * 1024;
/** How long a driver may take for its verdict once the agent has ended. */
const VERDICT_MS = 5000;
const READER_FAILED: AgentEvent = {
  type: 'notice',
  text: 'A line could not be read; it stands in the raw output.',
};

export interface DrivenOptions {
  readonly reader: AgentReader;
  readonly stallSeconds: number;
  /** Up to when its output is of before this process; `null`: none of it is. */
  readonly printedUntil: bigint | null;
  /** Resolves when it may be written to. */
  readonly begun: Promise<void>;
  /** `null` where its launch had its whole input. */
  readonly input: { write(bytes: Buffer): Promise<void>; close(): void } | null;
  readonly onReaderFailure: (error: unknown) => void;
}

/** How the driver's part in a turn ended. */
export interface DrivenEnd {
  readonly verdict: AgentVerdict;
  /** Why the turn was being ended when the verdict came; `null`: nobody ended it. */
  readonly endedBy: EndedBy | null;
}

const NO_VERDICT: AgentVerdict = {
  status: 'failed',
  reason: 'agent_exited',
  message: 'The agent ended, and its driver did not say how.',
};

/** An agent between the engine, which has its streams, and its driver, who leads it. */
export class DrivenAgent implements AgentProcess, OutputReaderBeside {
  readonly lines = new AgentLines();
  readonly stopping: AbortSignal;
  readonly exited: Promise<number | null>;
  readonly caughtUp: Promise<void>;
  readonly #splitter = new LineSplitter(MOST_LINE_BYTES);
  readonly #stall: StallWatch;
  #onExit: (code: number | null) => void = () => undefined;
  #onCaughtUp: () => void = () => undefined;
  #isCaughtUp: boolean;
  #recorder: OutputRecorder | null = null;
  #end: DrivenEnd | null = null;
  #onEnd: (end: DrivenEnd) => void = () => undefined;
  readonly #ended = new Promise<DrivenEnd>((resolve) => (this.#onEnd = resolve));

  constructor(
    private readonly session: RunSession,
    private readonly options: DrivenOptions,
  ) {
    const stop = new AbortController();
    this.stopping = stop.signal;
    session.onEnd(() => stop.abort());
    this.exited = new Promise((resolve) => (this.#onExit = resolve));
    this.#isCaughtUp = options.printedUntil === null;
    this.caughtUp = new Promise((resolve) => (this.#onCaughtUp = resolve));
    if (this.#isCaughtUp) this.#onCaughtUp();
    this.#stall = new StallWatch(options.stallSeconds * 1000, () => session.end('agent_stalled'));
  }

  get leaving(): AbortSignal {
    return this.session.leaving;
  }

  async write(line: string): Promise<void> {
    if (this.options.input === null) throw new Error('the agent has had its whole input');
    await Promise.race([this.options.begun, this.exited]);
    await this.options.input.write(Buffer.from(`${line}\n`));
  }

  closeInput(): void {
    this.options.input?.close();
  }

  hold(): () => void {
    return this.#stall.hold();
  }

  begin(recorder: OutputRecorder): void {
    this.#recorder = recorder;
    if (this.#isCaughtUp) this.#stall.start();
  }

  async read(piece: PrintedPiece): Promise<void> {
    const { stream, ns, at, bytes, afterGap, lineOver } = piece;
    const until = this.options.printedUntil ?? -1n;
    if (ns > until) this.#catchUp();
    if (stream === 'stdout') {
      if (afterGap) this.#splitter.drop();
      for (const line of this.#splitter.push(bytes)) await this.#take(line, at, ns <= until);
      if (lineOver)
        for (const line of this.#splitter.over()) await this.#take(line, at, ns <= until);
    }
    if (ns >= until) this.#catchUp();
  }

  async end(at: number): Promise<void> {
    for (const line of this.#splitter.end()) await this.#take(line, at, !this.#isCaughtUp);
    this.#catchUp();
    this.lines.end();
    await Promise.race([this.#ended, sleep(VERDICT_MS, undefined, { ref: false })]);
  }

  /** Its container has ended; `null` where its exit code is not known. */
  over(exitCode: number | null): void {
    this.#stall.stop();
    this.#onExit(exitCode);
  }

  /** Nobody leads it any more from here. */
  letGo(): void {
    this.#stall.stop();
    this.lines.abandon();
    this.options.input?.close();
  }

  /** The driver is through with it. */
  conclude(verdict: AgentVerdict): void {
    if (this.#end !== null) return;
    this.#end = { verdict, endedBy: this.session.endedBy };
    this.#stall.stop();
    this.lines.abandon();
    this.#onEnd(this.#end);
  }

  get concluded(): boolean {
    return this.#end !== null;
  }

  /** Calls `listener` when the driver is through with it. */
  onConcluded(listener: () => void): void {
    void this.#ended.then(listener);
  }

  /** After `end`. */
  get outcome(): DrivenEnd {
    return this.#end ?? { verdict: NO_VERDICT, endedBy: this.session.endedBy };
  }

  /** Stores an event of no line. What comes when the output is over is dropped. */
  async tell(event: AgentEvent, at: number): Promise<void> {
    await this.#recorder?.tell(event, at);
  }

  /** Without the values of secrets. */
  masked(text: string): string {
    return this.#recorder?.masked(text) ?? '';
  }

  async #take(line: SplitLine, at: number, replayed: boolean): Promise<void> {
    this.#stall.heard();
    await this.#recorder?.writeEvents(this.#eventsOf(line), at);
    if ('text' in line) await this.lines.push({ text: line.text, at, replayed });
  }

  #eventsOf(line: SplitLine): readonly AgentEvent[] {
    if ('tooLongBytes' in line) {
      return [{ type: 'notice', text: `A line of ${line.tooLongBytes} bytes was left out.` }];
    }
    try {
      return this.options.reader.push(line.text);
    } catch (error) {
      this.options.onReaderFailure(error);
      return [READER_FAILED];
    }
  }

  #catchUp(): void {
    if (this.#isCaughtUp) return;
    this.#isCaughtUp = true;
    this.#stall.start();
    this.#onCaughtUp();
  }
}
