import { constants } from 'node:fs';
import { lstat, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

export type EntryKind = 'directory' | 'file' | 'other' | 'missing';

/** Something in the workspace is not as git leaves it. The message holds no path of the host. */
export class UnreadableRepository extends Error {}

/**
 * Small files of a workspace that no container has mounted, by their paths in it, read as text. No link
 * is followed, in the last place or before it, and nothing but a regular file is opened.
 */
export class WorkspaceFiles {
  constructor(private readonly root: string) {}

  /** A link, also one on the way, is `other`. */
  async kindOf(path: string): Promise<EntryKind> {
    const parts = path.split('/');
    for (let length = 1; length < parts.length; length++) {
      const above = await this.#look(parts.slice(0, length).join('/'));
      if (above !== 'directory') return above === 'missing' ? 'missing' : 'other';
    }
    return this.#look(path);
  }

  /** `null` where there is no such file. @throws UnreadableRepository */
  async text(path: string, mostBytes: number): Promise<string | null> {
    const file = await this.#open(path);
    if (file === null) return null;
    try {
      const { size } = await file.stat();
      if (size > mostBytes) throw new UnreadableRepository(`${path} is too long`);
      const buffer = Buffer.alloc(size);
      const { bytesRead } = await file.read(buffer, 0, size, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  }

  async #open(path: string): Promise<FileHandle | null> {
    const kind = await this.kindOf(path);
    if (kind === 'missing') return null;
    if (kind !== 'file') throw new UnreadableRepository(`${path} is no regular file`);
    try {
      const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
      return await open(join(this.root, path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch (cause) {
      throw new UnreadableRepository(`${path} may not be read`, { cause });
    }
  }

  async #look(path: string): Promise<EntryKind> {
    try {
      const stats = await lstat(join(this.root, path));
      return stats.isDirectory() ? 'directory' : stats.isFile() ? 'file' : 'other';
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT') return 'missing';
      if (code === 'ENOTDIR' || code === 'ELOOP' || code === 'ENAMETOOLONG') return 'other';
      throw new UnreadableRepository(`${path} may not be looked at`, { cause });
    }
  }
}
