import { DomainError } from '../kernel/domain-error.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import type { EndedBy } from './run-outcome.js';
import type { RunSession } from './run-session.js';

/** Between SIGTERM and SIGKILL, in milliseconds. */
const GRACE_MS: Readonly<Record<EndedBy, number>> = {
  cancel: 10_000,
  timeout: 10_000,
  agent_stalled: 10_000,
  service_stopped: 3000,
  // These mean harm that goes on for as long as the command does.
  disk_limit: 0,
  disk_unmeasured: 0,
  fence_broken: 0,
};
const RETRY_MS = 1000;
/** Of an agent that has done its turn. */
const DONE_GRACE_MS = 3000;

/** Ends a command when its session says so: SIGTERM, the grace, SIGKILL, until it is over. */
export class CommandEnding {
  #over = false;
  #killing = false;
  #timer: NodeJS.Timeout | null = null;

  /** `askedMs`: how long whoever leads the command has to ask it to end by itself; a part of the grace. */
  constructor(
    session: RunSession,
    private readonly sandbox: Sandbox,
    private readonly askedMs = 0,
  ) {
    session.onEnd((cause) => this.#begin(GRACE_MS[cause]));
  }

  /** It has done what it should, and is only to go now. */
  dismiss(): void {
    if (this.#killing) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    void this.#send('SIGTERM', DONE_GRACE_MS);
  }

  /** The command has ended; nothing is sent any more. */
  over(): void {
    this.#over = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #begin(graceMs: number): void {
    if (this.#over) return;
    if (graceMs === 0) return void this.#send('SIGKILL', 0);
    const askedMs = Math.min(this.askedMs, graceMs / 2);
    if (askedMs === 0) return void this.#send('SIGTERM', graceMs);
    this.#timer = setTimeout(() => void this.#send('SIGTERM', graceMs - askedMs), askedMs);
  }

  async #send(signal: 'SIGTERM' | 'SIGKILL', graceMs: number): Promise<void> {
    if (this.#over) return;
    this.#killing ||= signal === 'SIGKILL';
    const sent = await this.sandbox.signal(signal).then(
      () => true,
      // An engine that is away takes no signal; one that refuses it has no process to send it to.
      (error: unknown) => !(error instanceof DomainError),
    );
    if (this.#over) return;
    const next = signal === 'SIGTERM' && sent ? 'SIGKILL' : signal;
    this.#timer = setTimeout(
      () => void this.#send(next, graceMs),
      sent ? graceMs || RETRY_MS : RETRY_MS,
    );
  }
}
