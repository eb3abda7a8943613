import { Injectable, Logger } from '@nestjs/common';

import { Clock } from '../kernel/clock.js';
import { WorkspaceHost } from './workspace-host.js';
import { WorkspaceShelf } from './workspace-shelf.js';

export interface WorkspaceSize {
  /** Allocated by workspace and HOME together. */
  bytes: number;
  /** Milliseconds since 1970. */
  measuredAt: number;
}

/** So many share one helper container. */
const BATCH = 24;
const FRESH_MS = 60_000;
const MOST_KEPT = 10_000;

/** What workspaces take on disk, as last measured. Measuring goes on beside whoever asks. */
@Injectable()
export class WorkspaceSizes {
  readonly #logger = new Logger('Workspaces');
  readonly #known = new Map<string, WorkspaceSize>();
  /** Those that changed after, or while, they were measured last. */
  readonly #outdated = new Set<string>();
  #measuring: Promise<void> | null = null;

  constructor(
    private readonly shelf: WorkspaceShelf,
    private readonly host: WorkspaceHost,
    private readonly clock: Clock,
  ) {}

  get(issue: string): WorkspaceSize | null {
    return this.#known.get(issue) ?? null;
  }

  record(issue: string, bytes: number): void {
    this.#known.delete(issue);
    this.#known.set(issue, { bytes, measuredAt: this.clock.now() });
    if (this.#known.size > MOST_KEPT) this.#known.delete(this.#known.keys().next().value ?? '');
  }

  /** Its run has ended: what was measured meanwhile is told until it is measured again. */
  outdate(issue: string): void {
    if (this.#known.has(issue) || this.#measuring !== null) this.#outdated.add(issue);
  }

  forget(issue: string): void {
    this.#known.delete(issue);
    this.#outdated.delete(issue);
  }

  /** Measures those that are not known, not fresh or outdated; answers after that, or after `waitMs`. */
  async refresh(issues: readonly string[], waitMs: number): Promise<void> {
    const due = this.clock.now() - FRESH_MS;
    const stale = issues.filter(
      (issue) => this.#outdated.has(issue) || (this.#known.get(issue)?.measuredAt ?? 0) < due,
    );
    if (stale.length > 0) {
      // One at a time: who comes meanwhile gets what is known.
      this.#measuring ??= this.#measure(stale).finally(() => (this.#measuring = null));
    }
    if (this.#measuring === null) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, waitMs);
    });
    await Promise.race([this.#measuring, late]);
    clearTimeout(timer);
  }

  async #measure(issues: readonly string[]): Promise<void> {
    try {
      for (let at = 0; at < issues.length; at += BATCH) {
        await this.#measureBatch(issues.slice(at, at + BATCH));
      }
    } catch (error) {
      this.#logger.warn('workspaces could not be measured now', error);
    }
  }

  async #measureBatch(issues: readonly string[]): Promise<void> {
    const groups = new Map<string, readonly string[]>();
    for (const issue of issues) {
      const directories = await this.shelf.directoriesOf(issue);
      if (directories.length > 0) groups.set(issue, directories);
    }
    // Before it is measured: a run that ends meanwhile outdates it again.
    for (const issue of issues) this.#outdated.delete(issue);
    if (groups.size === 0) return;
    try {
      for (const [issue, bytes] of await this.host.tools.measure(groups)) this.record(issue, bytes);
    } catch (error) {
      for (const issue of groups.keys()) this.outdate(issue);
      throw error;
    }
  }
}
