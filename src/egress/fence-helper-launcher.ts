/** A running helper: lines in, lines out. */
export interface FenceHelperStream {
  /** Without the line feed; rejects when the helper is gone. */
  write(line: string): Promise<void>;
  /** Each line that it prints, without the line feed; ends when the helper ends. */
  readonly lines: AsyncIterable<string>;
  /** Ends it; fine when it has ended. */
  stop(): Promise<void>;
}

/**
 * Starts the long-lived helper container that places the rules where the service itself may not:
 * the engine's host network, CAP_NET_ADMIN and no other capability, no mounts, and `HELPER_ARGV` as
 * its command. `runs` fills it, because only `sandbox` speaks to the engine.
 */
export abstract class FenceHelperLauncher {
  abstract start(argv: readonly string[]): Promise<FenceHelperStream>;
}

/** Where `runs` hands in its launcher at start-up; without one there is no helper. */
export class FenceHelperSlot {
  #launcher: FenceHelperLauncher | null = null;

  fill(launcher: FenceHelperLauncher): void {
    this.#launcher = launcher;
  }

  get launcher(): FenceHelperLauncher | null {
    return this.#launcher;
  }
}
