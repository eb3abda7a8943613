import { setTimeout as sleep } from 'node:timers/promises';

import { readOutput } from './run-output.js';
import type { RunState } from './run-state.js';
import type { ServiceApi } from './service-api.js';

const UP_MS = 60_000;
const ASK_EVERY_MS = 200;

interface Report {
  readonly controls: readonly { readonly name: string; readonly value: unknown }[];
  readonly image: { readonly reference: string; readonly id: string };
}

/** A run that goes on while others look at it. */
export class HeldRun {
  constructor(
    private readonly api: ServiceApi,
    readonly id: string,
    private readonly signal: AbortSignal,
    private readonly toEnd: () => Promise<RunState>,
  ) {}

  /** Until its script has printed a line `up`. */
  async untilUp(): Promise<void> {
    let deadline = performance.now() + UP_MS;
    while (!/^up$/m.test(await this.output())) {
      const run = await this.api.get<RunState>(`/runs/${this.id}`);
      // Others’ runs, and the suite’s own, may be before it.
      if (run.status === 'queued') deadline = performance.now() + UP_MS;
      const over = !['queued', 'preparing', 'running'].includes(run.status);
      if (over || performance.now() > deadline) {
        throw new Error(`a sandbox did not come up: ${run.status} ${run.message ?? ''}`.trim());
      }
      await sleep(ASK_EVERY_MS, undefined, { signal: this.signal });
    }
  }

  output(): Promise<string> {
    return readOutput(this.api, this.id);
  }

  /** What the service says that its sandbox runs under. */
  report(): Promise<Report> {
    return this.api.get<Report>(`/runs/${this.id}/sandbox`);
  }

  /** Its sandbox’s address; null where it has no network. */
  async address(): Promise<string | null> {
    const { controls } = await this.report();
    const address = controls.find(({ name }) => name === 'address')?.value;
    return typeof address === 'string' ? address : null;
  }

  /** Cancels it; resolves with its outcome. */
  async end(): Promise<RunState> {
    await this.api.request('POST', `/runs/${this.id}/cancel`);
    return this.toEnd();
  }
}
