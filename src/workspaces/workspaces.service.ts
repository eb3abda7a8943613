import { access, constants, lchown, lstat, mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';

import { Injectable } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { isIssueKey } from './issue-key.js';
import { HOMES } from './workspace-shelf.js';
import { PRIVATE, WorkspacesLock } from './workspaces-lock.js';

/** The user of the sandbox's image, who owns what is in a workspace. */
export interface WorkspaceOwner {
  uid: number;
  gid: number;
}

/** Absolute host paths of an issue's two directories. */
export interface WorkspacePaths {
  /** Mounted at `/workspace`. */
  workspaceDir: string;
  /** Mounted at `/home/agent`; lasts from run to run of this issue, and no other issue sees it. */
  homeDir: string;
}

/** Gives a directory, without what is in it, to another user, and lets others look into it. */
export type GiveDirectory = (directory: string, owner: WorkspaceOwner) => Promise<void>;

/** What stands at a path of a workspace is not what was put there. */
export class WorkspaceUnusableError extends Error {
  constructor(readonly issue: string) {
    super(`the workspace of ${issue} is not a directory; move away what stands in its place`);
    this.name = 'WorkspaceUnusableError';
  }
}

const OTHERS_LOOK = 0o005;

/** The directories of issues on the host. Never looks inside one, and never follows a link. */
@Injectable()
export class Workspaces {
  readonly #root: string;

  constructor(
    settings: Settings,
    private readonly lock: WorkspacesLock,
  ) {
    this.#root = settings.paths.workspacesDir;
  }

  pathsOf(issue: string): WorkspacePaths {
    if (!isIssueKey(issue)) throw new RangeError('not an issue key');
    return { workspaceDir: join(this.#root, issue), homeDir: join(this.#root, HOMES, issue) };
  }

  /**
   * Makes the issue's directories where they are missing, again if they were deleted, and sees to
   * it that `owner` owns them. `give` is asked where the service itself may not change an owner.
   *
   * @throws WorkspaceUnusableError when a file or a link stands in a directory's place.
   */
  async prepare(
    issue: string,
    owner: WorkspaceOwner,
    give: GiveDirectory,
  ): Promise<WorkspacePaths> {
    const paths = this.pathsOf(issue);
    await mkdir(join(this.#root, HOMES), { recursive: true, mode: PRIVATE });
    for (const directory of [paths.workspaceDir, paths.homeDir]) {
      await this.#make(directory, issue);
      const { uid, gid, mode } = await lstat(directory);
      const owned = uid === owner.uid && gid === owner.gid;
      if (process.getuid?.() !== 0) {
        // A service that is not root must still see what lies in it before it is mounted.
        if (!owned || (mode & OTHERS_LOOK) !== OTHERS_LOOK) await give(directory, owner);
      } else if (!owned) await lchown(directory, owner.uid, owner.gid);
    }
    return paths;
  }

  /**
   * Free space, in bytes, that a user who is not root has on the workspaces' file system.
   *
   * @throws the system's error where it cannot be written, `EROFS` for one; WorkspacesInUse
   */
  async freeBytes(): Promise<number> {
    await this.lock.take();
    await access(this.#root, constants.W_OK);
    const { bavail, bsize } = await statfs(this.#root);
    return bavail * bsize;
  }

  async #make(directory: string, issue: string): Promise<void> {
    try {
      await mkdir(directory, { mode: PRIVATE });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const found = await lstat(directory);
    if (!found.isDirectory()) throw new WorkspaceUnusableError(issue);
  }
}
