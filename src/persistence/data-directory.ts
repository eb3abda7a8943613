import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import { StartupError } from '../kernel/startup-error.js';

const OTHERS = 0o077;
const STICKY = 0o1000;
const INSTANCE_ID = /^[0-9a-f]{16}$/;

/** `DATA_DIR`: all that the service keeps, readable by its own user alone. */
export class DataDirectory {
  /** Absolute, without links. */
  readonly root: string;
  /** 16 lower-case hex digits, made at the first start: tells this instance from others on the host. */
  readonly instanceId: string;

  private constructor(root: string, instanceId: string) {
    this.root = root;
    this.instanceId = instanceId;
  }

  /**
   * Makes the directory with mode 0700 where it is missing, and closes an existing one to others.
   * @throws StartupError when it cannot be used, or is one that other users share (`/tmp`).
   */
  static open(directory: string): DataDirectory {
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const root = realpathSync(directory);
      closeToOthers(root);
      return new DataDirectory(root, readInstanceId(join(root, 'instance-id')));
    } catch (error) {
      if (error instanceof StartupError) throw error;
      throw new StartupError(`DATA_DIR ${directory} cannot be used: ${codeOf(error)}`, {
        cause: error,
      });
    }
  }

  path(...parts: string[]): string {
    return join(this.root, ...parts);
  }

  /** Makes the names of files that were added, renamed or removed in the directory durable. */
  sync(): void {
    const descriptor = openSync(this.root, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }
}

function closeToOthers(root: string): void {
  const mode = statSync(root).mode;
  if ((mode & OTHERS) === 0) return;
  if ((mode & STICKY) !== 0) {
    throw new StartupError(
      `DATA_DIR ${root} is shared with other users: name a directory of its own`,
    );
  }
  chmodSync(root, 0o700);
}

function readInstanceId(file: string): string {
  if (!existsSync(file)) {
    const made = randomBytes(8).toString('hex');
    try {
      writeNewFile(file, `${made}\n`);
      return made;
    } catch (error) {
      // A twin that starts at the same time made it, and may have cleared our draft away.
      if (!existsSync(file)) throw error;
    }
  }
  const found = readFileSync(file, 'utf8').trim();
  if (!INSTANCE_ID.test(found)) {
    throw new StartupError(`${file} is damaged: restore it, or remove it to become a new instance`);
  }
  return found;
}

/**
 * Makes a file of mode 0600 that does not exist yet; after a crash it is there with all of its
 * content, or not at all.
 * @throws an `EEXIST` error when it exists.
 */
export function writeNewFile(file: string, content: string): void {
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  const descriptor = openSync(draft, 'wx', 0o600);
  try {
    writeSync(descriptor, content);
    fsyncSync(descriptor);
    linkSync(draft, file);
  } finally {
    closeSync(descriptor);
    rmSync(draft, { force: true });
  }
}

const DRAFT = /^(?:instance-id|audit\.key|secrets\.enc)\.[0-9a-f]{8}$/;

/** Removes what was left of `writeNewFile` or an export by a process that was killed. For who holds the directory's lock. */
export function removeDrafts(directory: DataDirectory): void {
  for (const name of readdirSync(directory.root)) {
    if (DRAFT.test(name)) rmSync(directory.path(name), { force: true });
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
