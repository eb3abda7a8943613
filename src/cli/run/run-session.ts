import type { Cli } from '../cli.js';
import { EXIT } from '../exit-codes.js';
import type { ServiceClient } from '../service-client.js';
import { ServiceRefusal } from '../service/service-error.js';
import { Interrupts } from './interrupts.js';
import { sinkOf, type OutputSink } from './output-sink.js';
import { AwayNotice, Persistent } from './persistent.js';
import { Progress } from './progress.js';
import { closingLine, exitCodeOf } from './run-ending.js';
import { RunFollower } from './run-follower.js';
import type { RunRequestBody } from './run-options.js';
import type { RunView } from './run-view.js';
import { NothingStarted, Submission } from './submission.js';
import { Transfers } from './transfers.js';

export interface RunPlan {
  body: RunRequestBody;
  idempotencyKey: string;
  detach: boolean;
  /** Directories of this machine. */
  upload: string | null;
  download: string | null;
  reconnectMs: number;
}

/** One `risoluto run`, from its request to its exit code. */
export class RunSession {
  readonly #interrupts: Interrupts;
  readonly #persistent: Persistent;
  readonly #progress: Progress;
  readonly #transfers: Transfers;
  #run: RunView | null = null;
  #readerIsGone = false;

  constructor(
    private readonly cli: Cli,
    private readonly client: ServiceClient,
    private readonly plan: RunPlan,
  ) {
    this.#interrupts = new Interrupts(cli.signals);
    this.#progress = new Progress(cli, client);
    const notice = new AwayNotice((text) => this.#note(text), plan.reconnectMs);
    this.#persistent = new Persistent(plan.reconnectMs, notice);
    this.#transfers = new Transfers(cli, client, this.#persistent, plan);
  }

  async run(): Promise<void> {
    this.#interrupts.onSecond(() => this.#leave('left'));
    this.cli.stdout.once('error', () => this.#readerGone());
    try {
      this.cli.exitCode = await this.#conduct();
    } catch (error) {
      if (error instanceof NothingStarted) this.#note('nothing was started');
      else if (!this.#interrupts.happened) throw this.#withRunId(error);
      else this.#leave((error as Error).message);
      this.cli.exitCode = EXIT.cancelled;
    } finally {
      this.#progress.end();
      this.#interrupts.close();
    }
  }

  async #conduct(): Promise<number> {
    const { body, idempotencyKey, detach, reconnectMs } = this.plan;
    await this.#transfers.begin(body.issue, this.#interrupts);
    const submission = new Submission(this.client, this.#persistent, this.#interrupts);
    const run = (this.#run = await submission.submit(body, idempotencyKey));
    if (detach && !this.#interrupts.happened) {
      this.cli.print(run, run.id);
      return EXIT.ok;
    }
    this.#progress.begin(run);
    const cancelled = this.#cancelWhenInterrupted(run);
    const follower = new RunFollower(this.client, this.#persistent, this.#sink(), reconnectMs);
    const ended = await Promise.race([follower.toEnd(run.id), cancelled]);
    this.#close(ended);
    if (this.#interrupts.happened) return EXIT.cancelled;
    return this.#transfers.end(body.issue, exitCodeOf(ended));
  }

  /** Fails when the cancellation is refused; else it is the follower that tells the end. */
  async #cancelWhenInterrupted(run: RunView): Promise<never> {
    const { signal } = this.#interrupts;
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    this.#note(`cancelling run ${run.id}; interrupt again to leave at once`);
    try {
      await this.#persistent.call(() => this.client.request('POST', `/runs/${run.id}/cancel`));
    } catch (error) {
      const finished = error instanceof ServiceRefusal && error.code === 'run_finished';
      if (!finished) throw error;
    }
    return new Promise<never>(() => {});
  }

  #sink(): OutputSink {
    const sink = sinkOf(this.cli, { hideRaw: this.plan.body.agent !== undefined });
    return {
      write: async (record) => {
        this.#progress.end();
        if (!this.#readerIsGone) await sink.write(record);
      },
    };
  }

  #close(run: RunView): void {
    this.#progress.end();
    if (this.cli.json) return void this.cli.stdout.write(`${JSON.stringify({ run })}\n`);
    const line = closingLine(run);
    if (line !== null) this.cli.note(line);
    else if (this.cli.stderr.isTTY === true) this.cli.note(`run ${run.id} ${run.status}`);
  }

  /** As a shell does to a command whose reader has gone (`run … | head`): it is not wanted any more. */
  #readerGone(): void {
    this.#readerIsGone = true;
    if (!this.#interrupts.happened) this.#interrupts.interrupt();
  }

  /** At once: a run that could not be cancelled may still be followed. */
  #leave(why: string): void {
    this.#progress.end();
    this.#note(`${why}; ${this.#whatMayRemain()}`);
    this.cli.leave(EXIT.cancelled);
  }

  #whatMayRemain(): string {
    return this.#run === null
      ? `a run may have been started, with the idempotency key ${this.plan.idempotencyKey}`
      : `the run may go on: risoluto cancel ${this.#run.id}`;
  }

  #withRunId(error: unknown): unknown {
    if (this.#run !== null) this.#note(`run ${this.#run.id} is not followed any more`);
    return error;
  }

  #note(text: string): void {
    this.#progress.end();
    if (!this.cli.json) this.cli.note(text);
  }
}
