import { setTimeout as sleep } from 'node:timers/promises';

import { batchCommand, readBatch, type Answer } from '../inside/batch-script.js';
import { HeldRun } from './held-run.js';
import { readOutput } from './run-output.js';
import { hasEnded, type RunState } from './run-state.js';
import type { ServiceApi } from './service-api.js';
import { policyOf, type Shape } from './shape.js';
import type { Subject } from './subject.js';

export interface EndedRun extends RunState {
  /** What it printed on either stream, as the service stored it. */
  readonly output: string;
}

export interface RunRequest {
  readonly shape: Shape;
  /** For `/bin/sh`. */
  readonly script: string;
  /** Default: one of its own. */
  readonly issue?: string;
  /** Names of stored secrets. */
  readonly secrets?: readonly string[];
  readonly timeoutSeconds?: number;
}

const TIMEOUT_SECONDS = 240;
const WAIT_SECONDS = 20;
const MOST_TRIES = 20;
const TRY_AGAIN_MS = 300;
/** Starts sandboxes as any client of the service does, and takes back what it started. */
export class SandboxRuns {
  readonly #started = new Set<string>();
  readonly #issues: string[] = [];

  constructor(
    private readonly api: ServiceApi,
    private readonly subject: Subject,
    private readonly nonce: string,
    private readonly signal: AbortSignal,
  ) {}

  /** An issue key that nobody else uses; its workspace goes with the suite. */
  issue(): string {
    const key = `CONFORMANCE-${this.nonce}-${this.#issues.length + 1}`;
    this.#issues.push(key);
    return key;
  }

  /** Runs scripts one after the other in one sandbox. */
  async batch(shape: Shape, scripts: ReadonlyMap<string, string>): Promise<Map<string, Answer>> {
    const command = batchCommand(this.nonce, scripts);
    const run = await this.#toEnd(await this.#start(command, { shape, script: '' }));
    const { output, status, message } = run;
    if (output === '') throw new Error(`the sandbox ended as ${status}: ${message ?? 'no reason'}`);
    return readBatch(this.nonce, scripts.keys(), output);
  }

  async run(request: RunRequest): Promise<EndedRun> {
    return this.#toEnd(await this.#start(['/bin/sh', '-c', request.script], request));
  }

  async hold(request: RunRequest): Promise<HeldRun> {
    const { id } = await this.#start(['/bin/sh', '-c', request.script], request);
    const held = new HeldRun(this.api, id, this.signal, () => this.#wait(id));
    await held.untilUp();
    return held;
  }

  /** Waits a few seconds for who else uses it; fine when there is none. */
  async removeWorkspace(issue: string): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.api.request('DELETE', `/workspaces/${issue}`);
        return;
      } catch (error) {
        const { code } = error as { code?: string };
        if (code === 'workspace_not_found') return;
        if (code !== 'workspace_busy' || tries === MOST_TRIES) throw error;
        await sleep(TRY_AGAIN_MS);
      }
    }
  }

  /** Cancels what still runs and removes the workspaces. Tells what could not be taken back. */
  async takeBack(): Promise<string[]> {
    const left: string[] = [];
    await Promise.all([...this.#started].map((id) => this.#cancel(id)));
    for (const issue of this.#issues) {
      await this.removeWorkspace(issue).catch((error: unknown) => {
        left.push(`the workspace of ${issue} (${(error as Error).message})`);
      });
    }
    return left;
  }

  async #start(command: string[], request: RunRequest): Promise<RunState> {
    this.signal.throwIfAborted();
    const { shape, issue = this.issue(), secrets, timeoutSeconds = TIMEOUT_SECONDS } = request;
    const most = this.subject.codex.sandbox.timeoutSeconds;
    const run = await this.api.request<RunState>('POST', '/runs', {
      body: {
        issue,
        command,
        policy: policyOf(shape, this.subject),
        timeoutSeconds: Math.min(most, timeoutSeconds),
        ...(secrets && { secrets }),
      },
    });
    this.#started.add(run.id);
    return run;
  }

  async #toEnd({ id }: RunState): Promise<EndedRun> {
    const run = await this.#wait(id);
    return { ...run, output: await readOutput(this.api, id) };
  }

  async #wait(id: string): Promise<RunState> {
    for (;;) {
      const run = await this.api.get<RunState>(`/runs/${id}`, {
        query: { wait: WAIT_SECONDS },
        timeoutMs: (WAIT_SECONDS + 20) * 1000,
        signal: this.signal,
      });
      if (!hasEnded(run)) continue;
      this.#started.delete(id);
      return run;
    }
  }

  /** Fine when it has ended. */
  async #cancel(id: string): Promise<void> {
    try {
      await this.api.request('POST', `/runs/${id}/cancel`);
      await this.api.get(`/runs/${id}`, { query: { wait: WAIT_SECONDS } });
    } catch {
      // It has ended, or the service has: its workspace tells.
    }
  }
}
