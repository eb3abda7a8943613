import type { Readable } from 'node:stream';

import { Injectable } from '@nestjs/common';

import { Settings } from '../../config/settings.js';
import { DomainError } from '../../kernel/domain-error.js';
import { HelperContainers } from '../../sandbox/helper-containers.js';
import { HelperFailed } from '../../sandbox/produced-output.js';
import { SandboxImages } from '../../sandbox/sandbox-images.js';
import { DIFF_EXIT, DIFF_SCRATCH, DIFF_SCRIPT, DIFF_WORKSPACE } from './diff-script.js';
import type { RunBase } from './run-base.js';

const MiB = 1024 * 1024;
const MOST_PATCH_BYTES = 8 * MiB;
const MOST_FILES = 500_000;
/** Of the files that have changed. */
const MOST_BYTES = 100 * MiB;
const SCRATCH = { path: DIFF_SCRATCH, bytes: 256 * MiB, inodes: 200_000 };
/** Beside what the scratch directory holds. */
const MEMORY_BYTES = 256 * MiB;
/** Clients wait 30 s for the head of an answer. */
const MOST_SECONDS = 25;
/** A process that the kernel killed. */
const KILLED = 137;

/** The workspace changed while it was read; another look may succeed. */
export class WorkspaceMoved extends Error {}

/** Computes patches where nothing of the workspace's can do harm: see `DIFF_SCRIPT`. */
@Injectable()
export class DiffHelper {
  constructor(
    private readonly helpers: HelperContainers,
    private readonly images: SandboxImages,
    private readonly settings: Settings,
  ) {}

  /**
   * The patch from the base to what the directory holds now, or holds while it is read.
   *
   * @throws WorkspaceMoved, or DomainError `diff_too_large`, `repository_unreadable`,
   *   `control_unavailable`, `engine_unavailable`
   */
  async patch(directory: string, base: RunBase): Promise<Buffer> {
    const { image, security } = this.settings.codex.sandbox;
    const { uid, gid } = await this.images.resolve(image);
    const { commit, objects, index } = base;
    const given = [
      commit ?? '',
      objects ?? '',
      index ?? '',
      String(MOST_FILES),
      String(MOST_BYTES),
    ];
    const produced = await this.helpers.produce({
      purpose: 'run-diff',
      argv: ['sh', '-c', DIFF_SCRIPT, 'sh', ...given],
      mounts: [{ source: directory, target: DIFF_WORKSPACE, readOnly: true }],
      // What git is given was written by a stranger: it is nobody here, and has no capability.
      user: `${uid}:${gid}`,
      scratch: SCRATCH,
      memoryBytes: SCRATCH.bytes + MEMORY_BYTES,
      // Git reads what a stranger wrote: behind the wall that the operator wants around the stranger.
      ...(security.gvisor && { runtime: 'runsc' }),
    });
    const closed = new Promise((resolve) => produced.once('close', resolve));
    try {
      return await gathered(produced);
    } catch (error) {
      throw error instanceof HelperFailed ? reasonOf(error) : error;
    } finally {
      produced.destroy();
      await closed;
    }
  }
}

async function gathered(produced: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  const timer = setTimeout(() => {
    produced.destroy(tooLarge(`takes longer than ${MOST_SECONDS} seconds to compute`));
  }, MOST_SECONDS * 1000);
  try {
    for await (const piece of produced) {
      pieces.push(piece as Buffer);
      length += (piece as Buffer).length;
      if (length > MOST_PATCH_BYTES) throw tooLarge(`is longer than ${MOST_PATCH_BYTES} bytes`);
    }
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(pieces);
}

function reasonOf(failed: HelperFailed): Error {
  const { exitCode, message } = failed;
  if (/No space left on device|File too large/.test(message)) {
    return tooLarge(`has changed files that were, or are, more than ${MOST_BYTES} bytes together`);
  }
  if (exitCode === KILLED || /[Oo]ut of memory/.test(message)) {
    return tooLarge(`needs more than ${MEMORY_BYTES} bytes of memory`);
  }
  if (exitCode === DIFF_EXIT.tooMuch) return tooMuch(message);
  if (exitCode === DIFF_EXIT.toolMissing) {
    return new DomainError(
      'control_unavailable',
      'The image of the sandboxes lacks what makes a diff',
      {
        details: [
          {
            field: 'codex.sandbox.image',
            message: 'needs git, 2.32 or newer, find, awk, sed, sort and comm',
          },
        ],
        cause: failed,
      },
    );
  }
  if (/Permission denied/.test(message)) {
    return unreadable('The workspace has files that the sandboxes’ user may not read', failed);
  }
  if (exitCode === DIFF_EXIT.repositoryUnreadable) {
    return unreadable(
      'The commit at which the run began, or a file of it, is not in the workspace’s repository any more, or is not what its name says',
      failed,
    );
  }
  return new WorkspaceMoved(message, { cause: failed });
}

function tooMuch(said: string): DomainError {
  const [, what, count] = /\b(files|bytes) (\d+)/.exec(said) ?? [];
  return what === 'files'
    ? tooLarge(`is in a workspace of ${count} files, and at most ${MOST_FILES} are looked at`)
    : tooLarge(`has changed files of ${count} bytes together, and ${MOST_BYTES} are looked at`);
}

function unreadable(message: string, cause: unknown): DomainError {
  return new DomainError('repository_unreadable', message, { cause });
}

function tooLarge(why: string): DomainError {
  return new DomainError(
    'diff_too_large',
    `The run’s change ${why}; download the workspace’s archive instead, or remove what is not to be in it ` +
      'or list it in a .gitignore that is committed before the next run',
  );
}
