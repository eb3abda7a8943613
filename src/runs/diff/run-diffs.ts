import { Injectable } from '@nestjs/common';

import { DomainError } from '../../kernel/domain-error.js';
import { SecretVault } from '../../secrets/secret-vault.js';
import { Workspaces } from '../../workspaces/workspaces.service.js';
import { isFinal } from '../run-status.js';
import type { RunEntity } from '../run.entity.js';
import { RunsService } from '../runs.service.js';
import { DiffHelper, WorkspaceMoved } from './diff-helper.js';
import { identityOf } from './find-base.js';
import { maskPatch } from './mask-patch.js';
import { parseBase, type RunBase } from './run-base.js';
import { RunDiffRepository } from './run-diff.repository.js';

const MOST_AT_ONCE = 2;
const MOST_TRIES = 3;

/** A run's change to its workspace. */
export interface RunDiff {
  /** The commit that it is told from; `null`: an empty workspace. */
  commit: string | null;
  /** In git's format, masked; empty where nothing has changed. */
  patch: Buffer;
}

/** What runs changed in their workspaces, since they began. */
@Injectable()
export class RunDiffs {
  readonly #computing = new Map<string, Promise<RunDiff>>();

  constructor(
    private readonly runs: RunsService,
    private readonly rows: RunDiffRepository,
    private readonly workspaces: Workspaces,
    private readonly vault: SecretVault,
    private readonly helper: DiffHelper,
  ) {}

  /**
   * Whether there is something to compute.
   *
   * @throws DomainError `run_not_found`, `diff_unavailable`, `workspace_taken`, `workspace_gone`
   */
  async check(id: string): Promise<RunBase> {
    return this.#baseOf(await this.runs.get(id));
  }

  /**
   * The change until now, of a run that may still be running: then of a workspace that may change while
   * it is read. Who asks while it is computed joins.
   *
   * @throws DomainError as `check`, and `diff_too_large`, `repository_unreadable`, `workspace_busy`,
   *   `too_many_streams`, `secrets_locked`, `secret_unreadable`, `control_unavailable`,
   *   `engine_unavailable`
   */
  async of(id: string): Promise<RunDiff> {
    const joined = this.#computing.get(id);
    if (joined !== undefined) return joined;
    if (this.#computing.size >= MOST_AT_ONCE) {
      throw new DomainError('too_many_streams', 'Too many diffs are being computed; try again', {
        retryAfterSeconds: 5,
      });
    }
    const computed = this.#compute(id).finally(() => this.#computing.delete(id));
    this.#computing.set(id, computed);
    return computed;
  }

  async #compute(id: string): Promise<RunDiff> {
    const run = await this.runs.get(id);
    const base = await this.#baseOf(run);
    // Before: what the run is given later is in no file that is read now.
    const before = await this.#values(run);
    const patch = await this.#patch(run, base);
    // A run that began meanwhile, or an upload, would show in it.
    const now = await this.runs.get(id);
    await this.#baseOf(now);
    const values = [...before, ...(await this.#values(now))];
    return { commit: base.commit, patch: await maskPatch(patch, values) };
  }

  async #patch(run: RunEntity, base: RunBase): Promise<Buffer> {
    const { workspaceDir } = this.workspaces.pathsOf(run.issue);
    for (let tries = 1; ; tries++) {
      try {
        return await this.helper.patch(workspaceDir, base);
      } catch (error) {
        if (!(error instanceof WorkspaceMoved)) throw error;
        if (tries < MOST_TRIES) continue;
        throw isFinal(run.status)
          ? new DomainError('repository_unreadable', 'The workspace cannot be read', {
              cause: error,
            })
          : new DomainError(
              'workspace_busy',
              'The workspace changes faster than it can be read; try again',
              { cause: error, retryAfterSeconds: 5 },
            );
      }
    }
  }

  async #baseOf(run: RunEntity): Promise<RunBase> {
    if (run.base === null) {
      throw unavailable(
        run.runningAt === null
          ? 'The run has changed nothing: its command has not begun'
          : 'The run began with a version of Risoluto that did not keep what was there before',
      );
    }
    const base = parseBase(run.base);
    if (base.problem !== undefined) {
      throw unavailable(`The commit at which the run began is not known, because ${base.problem}`);
    }
    if (await this.rows.isFollowed(run)) {
      throw new DomainError(
        'workspace_taken',
        'A later run of the issue has the workspace, so that the changes of this one cannot be told from its own',
      );
    }
    const { workspaceDir } = this.workspaces.pathsOf(run.issue);
    if ((await identityOf(workspaceDir)) === base.workspace) return base;
    throw new DomainError(
      'workspace_gone',
      'The workspace in which the run worked was deleted or replaced',
    );
  }

  /** As they are now, and those that the running command was given. */
  async #values(run: RunEntity): Promise<string[]> {
    const names = await this.rows.secretNames(run);
    const [found, sealed] = await Promise.all([
      this.vault.revealExisting(names),
      this.rows.sealedValues(run.id),
    ]);
    const values = [...found.values()].map((value) => value.reveal());
    return sealed === null ? values : [...values, ...this.vault.openForRun(run.id, sealed)];
  }
}

function unavailable(message: string): DomainError {
  return new DomainError('diff_unavailable', message);
}
