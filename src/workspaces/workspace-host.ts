import type { Readable } from 'node:stream';

/** Gives a lease back; harmless when repeated. */
export type Release = () => void;

/** Who uses a workspace. `runs` fills it, because runs do. */
export abstract class WorkspaceLease {
  /**
   * Until it is released, no run of the issue begins; those that are queued wait.
   *
   * @throws DomainError `workspace_busy` while a run or another caller has it.
   */
  abstract hold(issue: string): Promise<Release>;
}

/** What must not be done on the host itself. Each throws DomainError `engine_unavailable`, `control_unavailable`. */
export abstract class WorkspaceTools {
  /** Gives the directory and all that is in it to the sandboxes' user, following no link. */
  abstract give(directory: string): Promise<void>;
  /** Removes all that is in the directory, whoever owns it. */
  abstract empty(directory: string): Promise<void>;
  /** Bytes allocated by each group of directories; a group that takes too long is left out. */
  abstract measure(groups: ReadonlyMap<string, readonly string[]>): Promise<Map<string, number>>;
  /**
   * The directory as an uncompressed GNU tar archive. Destroyed with an error when it could not be
   * told whole; to be destroyed by whoever reads it, and closed when nothing looks into the directory
   * any more.
   *
   * @throws DomainError `archive_too_large` where its files are longer than `mostBytes` together, holes
   *   included; unless counting them takes long.
   */
  abstract pack(directory: string, mostBytes: number): Promise<Readable>;
}

/** Where `runs` hands in both at start-up. */
export class WorkspaceHost {
  #filled: { lease: WorkspaceLease; tools: WorkspaceTools } | null = null;

  fill(lease: WorkspaceLease, tools: WorkspaceTools): void {
    this.#filled = { lease, tools };
  }

  get lease(): WorkspaceLease {
    return this.#parts.lease;
  }

  get tools(): WorkspaceTools {
    return this.#parts.tools;
  }

  get #parts() {
    if (this.#filled === null) throw new Error('the workspaces are used before start-up');
    return this.#filled;
  }
}
