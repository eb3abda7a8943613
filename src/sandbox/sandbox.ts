import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import { AcknowledgementFilter } from './acknowledgement-filter.js';
import { acknowledgement } from './frame.js';
import type { ContainerEngine } from './container-engine.js';
import { isRefusal } from './engine-refusal.js';
import { type ContainerExit, watchExit } from './exit-watch.js';
import { joinPieces, millisecondsOf } from './joined-pieces.js';
import { LogDemultiplexer, type OutputStream } from './log-frames.js';
import { readLog } from './log-reader.js';
import { LogResumption, type LogMark } from './log-resumption.js';
import { wasOutOfMemory } from './memory-verdict.js';
import { SandboxInput } from './sandbox-input.js';
import { startFailure, unexpected } from './sandbox-failures.js';
import type { SandboxReport } from './sandbox-report.js';

/** What a command printed, as the engine's log has it. */
export interface OutputPiece {
  stream: OutputStream;
  /** Milliseconds since 1970, by the engine's clock. */
  at: number;
  /** The same in nanoseconds, of the last record in it. */
  ns: bigint;
  bytes: Buffer;
  /** The engine has dropped what stood before it, and it was not read. */
  afterGap: boolean;
  /** As `LogPiece.lineOver`. */
  lineOver?: true;
}

export interface SandboxExit extends ContainerExit {
  /** The whole frame was read and the command begun. */
  acknowledged: boolean;
}

/** How the log of a container begins whose frame may have been sent. */
export type LogHead =
  /** The command began. */
  | 'acknowledged'
  /** The command began, and so much was printed since that the log has lost its beginning. */
  | 'lost'
  /** Nothing says that the command began. */
  | 'silent';

/** Where a container stood when it was asked. */
export interface SandboxState {
  /** Milliseconds since 1970; `null` while it runs. */
  endedAt: number | null;
  exitCode: number;
}

const NEWLINE = Buffer.from('\n');
/** A slow answer must not make a command that ran one that never began. */
const HEAD_LIMIT_MS = 60_000;
/** How long a shell that lives may take to read the frame that it was sent. */
const FRAME_LIMIT_MS = 15_000;
const LOOK_AGAIN_MS = 250;

/** One container, from its creation to its removal. It is given one frame, ever. */
export class Sandbox {
  #nonce: string | null = null;
  #exit: Promise<ContainerExit> | null = null;
  #acknowledged = false;
  #input: SandboxInput | null = null;
  #onBegun: () => void = () => undefined;
  readonly #begun = new Promise<void>((resolve) => (this.#onBegun = resolve));
  /** A log that nobody reads yet. */
  #openedLog: Readable | null = null;
  readonly #removed = new AbortController();

  constructor(
    private readonly engine: ContainerEngine,
    readonly containerId: string,
    readonly report: SandboxReport,
  ) {}

  /** A container whose frame an earlier process sent, or was about to send. It gets no other one. */
  static adopt(
    engine: ContainerEngine,
    containerId: string,
    { report, nonce }: { report: SandboxReport; nonce: string },
  ): Sandbox {
    const sandbox = new Sandbox(engine, containerId, report);
    sandbox.#nonce = nonce;
    sandbox.#exit = watchExit(engine, containerId, sandbox.#removed.signal);
    return sandbox;
  }

  /**
   * Starts the container and hands it the frame; resolves when both are done. Commit that the frame
   * is being sent before the call. Throws `control_unavailable` when the engine cannot start it as
   * it was made, `engine_unavailable`; either way nothing of the frame may be taken as not run. With
   * `keepInput` what is started is spoken to over `input` from then on.
   */
  async start(frame: Buffer, nonce: string, keepInput = false): Promise<void> {
    if (this.#nonce !== null) throw new Error('a sandbox is given one frame, ever');
    this.#nonce = nonce;
    const input = await this.engine.attachInput(this.containerId).catch((error: unknown) => {
      throw startFailure(error);
    });
    try {
      await this.engine.startContainer(this.containerId);
      // While a container ends the engine answers no question about it: the log of a quick command
      // that is opened after the frame comes some 60 ms late.
      this.#openedLog = await this.engine
        .logs(this.containerId, { follow: true })
        .catch(() => null);
      const line = Buffer.concat([frame, NEWLINE]);
      if (keepInput) {
        await input.write(line);
        this.#input = new SandboxInput(this.engine, this.containerId, input);
      } else {
        await input.finish(line);
      }
    } catch (error) {
      input.close();
      this.#openedLog?.destroy();
      throw startFailure(error);
    }
    this.#exit = watchExit(this.engine, this.containerId, this.#removed.signal);
  }

  /**
   * Everything the command prints, from its first byte to its last, and then ends; without the
   * acknowledgement line. Survives a log stream or an engine that goes away. Ends early when the
   * sandbox is removed or `signal` fires. Each call reads from the beginning; where the log has lost
   * that, from behind the mark of an earlier reader, or from what there is. No piece holds something of both
   * sides of the `border`, a time in nanoseconds.
   */
  async *output(
    signal?: AbortSignal,
    rotated: { mark: LogMark | null } | null = null,
    border = -1n,
  ): AsyncGenerator<OutputPiece, void, void> {
    const filter = new AcknowledgementFilter(this.#requireNonce());
    const stop = signal ? AbortSignal.any([signal, this.#removed.signal]) : this.#removed.signal;
    const resumption = rotated && new LogResumption(rotated.mark);
    const log = readLog({
      engine: this.engine,
      containerId: this.containerId,
      exited: this.#requireExit(),
      signal: stop,
      opened: this.#openedLog,
      rotated: rotated !== null,
    });
    this.#openedLog = null;
    let last = { at: 0, ns: 0n };
    let gap = false;
    for await (const { pieces, afterGap } of log) {
      const wanted = resumption?.filter(pieces) ?? pieces;
      const resumedAfterGap = resumption?.takeGap() === true;
      gap ||= afterGap || resumedAfterGap;
      for (const piece of joinPieces(wanted, border)) {
        last = { at: millisecondsOf(piece.ns), ns: piece.ns };
        const bytes = piece.stream === 'stdout' ? filter.push(piece.bytes) : piece.bytes;
        if (filter.acknowledged) this.#acknowledge();
        if (bytes.length === 0) continue;
        const { stream, lineOver } = piece;
        yield { stream, ...last, bytes, afterGap: gap, ...(lineOver && { lineOver }) };
        gap = false;
      }
    }
    const held = filter.finish();
    if (held.length > 0 && !stop.aborted) {
      yield { stream: 'stdout', ...last, bytes: held, afterGap: false };
    }
  }

  /**
   * What the command reads, of a sandbox that keeps its input. Before `begun` nothing may be written: the
   * shell that reads the frame could take it.
   */
  get input(): SandboxInput {
    this.#input ??= new SandboxInput(this.engine, this.containerId);
    return this.#input;
  }

  /** Resolves once somebody who reads the output has seen that the command began. */
  get begun(): Promise<void> {
    return this.#begun;
  }

  /**
   * When the last was printed that the log holds now, in nanoseconds since 1970; `null` where the command
   * has printed nothing. Throws `engine_unavailable`.
   */
  async lastPrinted(): Promise<bigint | null> {
    const line = acknowledgement(this.#requireNonce());
    const demultiplexer = new LogDemultiplexer();
    let last: bigint | null = null;
    try {
      const log = await this.engine.logs(this.containerId, { follow: false, tail: 1 });
      for await (const chunk of log) {
        for (const { ns, bytes } of demultiplexer.push(chunk as Buffer)) {
          last = bytes.equals(line) ? null : ns;
        }
      }
    } catch (error) {
      throw unexpected(error);
    }
    return last;
  }

  /** Resolves when the container has ended. Call it any number of times, after `start`. */
  async wait(): Promise<SandboxExit> {
    const exit = await this.#requireExit();
    if (!this.#acknowledged && !exit.gone) await this.#readAcknowledgement();
    return { ...exit, acknowledged: this.#acknowledged };
  }

  /**
   * Whether the memory limit killed the command or a child of it; resolves up to a second after the
   * end. Never rejects.
   */
  async outOfMemory(): Promise<boolean> {
    return wasOutOfMemory(this.engine, this.containerId, await this.#requireExit());
  }

  /** Throws `engine_unavailable`; `null` when there is no such container. */
  async state(): Promise<SandboxState | null> {
    try {
      const { State } = await this.engine.inspectContainer(this.containerId);
      return {
        endedAt: State.Running ? null : Date.parse(State.FinishedAt),
        exitCode: State.ExitCode,
      };
    } catch (error) {
      if (isRefusal(error, 404)) return null;
      throw unexpected(error);
    }
  }

  /**
   * How the log begins; `silent` only when the container has ended, or lives and took its time.
   * Throws `engine_unavailable`.
   */
  async head(): Promise<LogHead> {
    const deadline = performance.now() + FRAME_LIMIT_MS;
    for (;;) {
      const late = performance.now() > deadline;
      const state = await this.state();
      const head = state === null ? 'silent' : await this.#readHead();
      if (head !== 'silent' || state?.endedAt !== null || late) return head;
      await sleep(LOOK_AGAIN_MS);
    }
  }

  /** Whether the engine has restarted since the start of the container, or may have. */
  async engineMayHaveRestarted(): Promise<boolean> {
    return !(await this.engine.remembersStart(this.containerId));
  }

  /** Signals the command; a container that has ended is no error. Throws `engine_unavailable`. */
  async signal(name: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    try {
      await this.engine.signal(this.containerId, name);
    } catch (error) {
      if (!isRefusal(error, 404) && !isRefusal(error, 409)) throw unexpected(error);
    }
  }

  /** Kills and removes the container and its log, and ends `output`. May be repeated. */
  async remove(): Promise<void> {
    try {
      await this.engine.removeContainer(this.containerId);
    } catch (error) {
      throw unexpected(error);
    }
    this.#removed.abort();
    this.#input?.close();
    this.#openedLog?.destroy();
  }

  /** Bytes written to the root filesystem, which only `danger-full-access` allows. */
  async writtenBytes(): Promise<number> {
    return this.engine.writtenBytes(this.containerId);
  }

  /** For when nobody read the output: its first line says whether the command began. */
  async #readAcknowledgement(): Promise<void> {
    const filter = new AcknowledgementFilter(this.#requireNonce());
    const late = new AbortController();
    void sleep(HEAD_LIMIT_MS, undefined, { signal: late.signal, ref: false }).then(
      () => late.abort(),
      () => undefined,
    );
    const log = readLog({
      engine: this.engine,
      containerId: this.containerId,
      exited: this.#requireExit(),
      signal: late.signal,
    });
    for await (const { pieces } of log) {
      for (const { stream, bytes } of pieces) if (stream === 'stdout') filter.push(bytes);
      if (!filter.undecided) break;
    }
    late.abort();
    if (filter.acknowledged) this.#acknowledge();
  }

  #acknowledge(): void {
    this.#acknowledged = true;
    this.#onBegun();
  }

  async #readHead(): Promise<LogHead> {
    const filter = new AcknowledgementFilter(this.#requireNonce());
    const demultiplexer = new LogDemultiplexer();
    const log = await this.engine.logs(this.containerId, { follow: false });
    for await (const chunk of log) {
      for (const { stream, bytes } of demultiplexer.push(chunk as Buffer)) {
        if (stream === 'stdout') filter.push(bytes);
      }
      if (!filter.undecided) break;
    }
    if (filter.undecided) return 'silent';
    // A shell prints nothing of its own there, so whatever stands there is the command's.
    this.#acknowledge();
    return filter.acknowledged ? 'acknowledged' : 'lost';
  }

  #requireNonce(): string {
    if (this.#nonce === null) throw new Error('the sandbox has not been started');
    return this.#nonce;
  }

  #requireExit(): Promise<ContainerExit> {
    if (!this.#exit) throw new Error('the sandbox has not been started');
    return this.#exit;
  }
}
