import type { Sandbox } from '../sandbox/sandbox.js';
import type { NetworkPlace } from './network-place.js';
import type { AgentAttempt } from './agents/agent-attempt.js';
import type { EndedBy } from './run-outcome.js';
import type { RunEntity } from './run.entity.js';
import type { GivenRequest } from './turns/turn-request.js';

/** What a run has while a turn of it is executed; the steps fill it, and `FinishStep` gives all of it back. */
export class RunSession {
  place: NetworkPlace | null = null;
  sandbox: Sandbox | null = null;
  /** What is masked in the output; the only place of this process that holds it for long. */
  secretValues: readonly string[] = [];
  /** What the sandbox shows at the egress gateway; masked too, and made again rather than kept. */
  gatewayPassword: string | undefined;
  /** The start of the agent that is carried out; `null` for a command. */
  agent: AgentAttempt | null = null;
  endedBy: EndedBy | null = null;
  readonly #onEnd = new Set<(cause: EndedBy) => void>();
  readonly #leaving = new AbortController();

  constructor(
    readonly run: RunEntity,
    readonly request: GivenRequest,
  ) {}

  /** Every value that may not be seen in the output. */
  get masked(): readonly string[] {
    const password = this.gatewayPassword;
    return password === undefined ? this.secretValues : [...this.secretValues, password];
  }

  /** Ends the turn for this cause; the first one counts. Before the command began it never begins. */
  end(cause: EndedBy): void {
    if (this.endedBy !== null) return;
    this.endedBy = cause;
    for (const listener of this.#onEnd) listener(cause);
  }

  /**
   * The service stops: a command that runs is let go of and runs on, and one that has not begun does
   * not begin.
   */
  leave(): void {
    this.#leaving.abort();
  }

  /** Fires at `leave`. */
  get leaving(): AbortSignal {
    return this.#leaving.signal;
  }

  /** Calls `listener` when the turn shall end, at once if that was said already. */
  onEnd(listener: (cause: EndedBy) => void): void {
    this.#onEnd.add(listener);
    if (this.endedBy !== null) listener(this.endedBy);
  }
}
