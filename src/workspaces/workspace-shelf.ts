import { lstat, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';

import { Injectable } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { newId } from '../kernel/ids.js';
import { isIssueKey } from './issue-key.js';
import { PRIVATE, WorkspacesLock } from './workspaces-lock.js';

export const HOMES = '.homes';

/** No issue's key begins with a dot. */
const TRASH = '.trash-';
const ARRIVING = '.arriving-';
const READY = '.ready-';

/**
 * The names in the directory of workspaces. Whatever changes a workspace as a whole is one rename
 * beside it, so that after `kill -9` it is either not done, or can be seen and finished. Nothing is
 * changed without the directory's lock.
 */
@Injectable()
export class WorkspaceShelf {
  readonly #root: string;
  readonly #homes: string;

  constructor(
    settings: Settings,
    private readonly lock: WorkspacesLock,
  ) {
    this.#root = settings.paths.workspacesDir;
    this.#homes = join(this.#root, HOMES);
  }

  /** All issues that have a workspace or a HOME, sorted. */
  async issues(): Promise<string[]> {
    const found = await Promise.all([this.#root, this.#homes].map(directoriesIn));
    return [...new Set(found.flat().filter(isIssueKey))].toSorted();
  }

  /** Which of the issue's directories are there, workspace first. */
  async directoriesOf(issue: string): Promise<string[]> {
    const both = [join(this.#root, issue), join(this.#homes, issue)];
    const there = await Promise.all(both.map(isDirectory));
    return both.filter((_path, index) => there[index]);
  }

  /** Puts what stands in the place of the workspace, and of HOME, aside. `false`: there was nothing. */
  async discard(issue: string): Promise<boolean> {
    await this.lock.take();
    const discarded = [];
    for (const directory of [this.#root, this.#homes]) {
      discarded.push(await renamed(join(directory, issue), join(directory, TRASH + newId())));
    }
    return discarded.includes(true);
  }

  /** A new, empty directory to unpack into. */
  async stage(): Promise<string> {
    await this.lock.take();
    const directory = join(this.#root, ARRIVING + newId());
    await mkdir(directory, { mode: PRIVATE });
    return directory;
  }

  /** Gives up what was staged. */
  async unstage(directory: string): Promise<void> {
    await renamed(directory, join(this.#root, TRASH + newId()));
  }

  /**
   * Makes what was staged the issue's workspace. A process that is killed in it leaves it to the next
   * start to finish; where the disk refuses, the workspace stays what it was.
   */
  async publish(directory: string, issue: string): Promise<void> {
    await this.#giveUp(issue);
    await rename(directory, join(this.#root, READY + issue));
    await this.#finish(issue);
  }

  /**
   * Finishes what an earlier process began: before any run. Returns what went wrong: a workspace that
   * cannot be finished is what it was before.
   */
  async recover(): Promise<unknown[]> {
    try {
      await this.lock.take();
    } catch (error) {
      return [error];
    }
    const failures: unknown[] = [];
    for (const name of await namesIn(this.#root)) {
      try {
        if (name.startsWith(ARRIVING)) await this.unstage(join(this.#root, name));
        else if (name.startsWith(READY)) await this.#finish(name.slice(READY.length));
      } catch (error) {
        failures.push(error);
      }
    }
    return failures;
  }

  /** What waits for its end. */
  async trash(): Promise<string[]> {
    await this.lock.take();
    const found = [];
    for (const directory of [this.#root, this.#homes]) {
      const names = await namesIn(directory);
      found.push(
        ...names.filter((name) => name.startsWith(TRASH)).map((name) => join(directory, name)),
      );
    }
    return found;
  }

  /** An upload that is not finished now must not come back over what runs do from now on. */
  async #finish(issue: string): Promise<void> {
    const place = join(this.#root, issue);
    const before = join(this.#root, TRASH + newId());
    const replaced = await renamed(place, before).catch(async (error: unknown) => {
      await this.#giveUp(issue);
      throw error;
    });
    try {
      await rename(join(this.#root, READY + issue), place);
    } catch (error) {
      if (replaced) await rename(before, place);
      await this.#giveUp(issue);
      throw error;
    }
  }

  async #giveUp(issue: string): Promise<void> {
    await renamed(join(this.#root, READY + issue), join(this.#root, TRASH + newId()));
  }
}

/** `false` where there was nothing. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => []);
}

async function directoriesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => null);
  return found?.isDirectory() === true;
}
