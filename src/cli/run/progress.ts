import type { Cli } from '../cli.js';
import { printable } from '../printable.js';
import type { ServiceClient } from '../service-client.js';
import type { RunView } from './run-view.js';

const TICK_MS = 1000;
const LOOK_EVERY_TICKS = 3;
const CLEAR_LINE = '\r\u001b[2K';

/** One line on a terminal's standard error while a run has not begun; nothing anywhere else. */
export class Progress {
  #timer: NodeJS.Timeout | null = null;
  #shown = false;
  #ticks = 0;

  constructor(
    private readonly cli: Cli,
    private readonly client: ServiceClient,
  ) {}

  begin(run: RunView): void {
    if (this.cli.stderr.isTTY !== true || this.cli.json) return;
    let current = run;
    this.#show(current);
    this.#timer = setInterval(() => {
      this.#ticks += 1;
      this.#show(current);
      if (this.#ticks % LOOK_EVERY_TICKS !== 0) return;
      // What is not known is not shown; the follower tells when the service is away.
      this.client.get<RunView>(`/runs/${run.id}`, { timeoutMs: 3000 }).then(
        (now) => (current = now),
        () => undefined,
      );
    }, TICK_MS);
  }

  /** The line goes, for good. */
  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    if (this.#shown) this.cli.stderr.write(CLEAR_LINE);
    this.#shown = false;
  }

  #show({ status, message }: RunView): void {
    if (this.#timer === null && this.#ticks > 0) return;
    const waits = status === 'queued' || status === 'preparing';
    const why = message === null ? '' : ` (${printable(message).replaceAll('\n', ' ')})`;
    const text = `${printable(status)}… ${this.#ticks} s${why}`;
    // A terminal that does not know its width says 0.
    const width = this.cli.stderr.columns || 80;
    if (waits) this.cli.stderr.write(`${CLEAR_LINE}${text.slice(0, width - 1)}`);
    else if (this.#shown) this.cli.stderr.write(CLEAR_LINE);
    this.#shown = waits;
  }
}
