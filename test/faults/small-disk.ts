import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { world } from '../support/world.js';

const PIECE = Buffer.alloc(64 * 1024, 'x');

/** A file system of its own, in memory, that a test fills and frees. */
export class SmallDisk {
  private hidden = false;

  private constructor(
    readonly root: string,
    readonly path: string,
  ) {}

  static async make(bytes: number): Promise<SmallDisk> {
    const root = mkdtempSync(join(tmpdir(), 'risoluto-disk-'));
    const path = join(root, 'disk');
    mkdirSync(path);
    await world.onHost('mount', '-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'tmpfs', path);
    return new SmallDisk(root, path);
  }

  /** To the last byte. */
  async fill(): Promise<void> {
    const file = await open(join(this.path, 'filler'), 'a');
    try {
      for (const piece of [PIECE, Buffer.from('x')]) {
        await file.appendFile(piece);
        for (;;) await file.appendFile(piece);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      await file.close();
    }
  }

  free(): void {
    rmSync(join(this.path, 'filler'), { force: true });
  }

  /**
   * What is open for writing would keep the disk itself from it, as it does not after an error of a
   * real one; so a mount of its own hides it, read-only.
   */
  async setReadOnly(readOnly: boolean): Promise<void> {
    if (readOnly === this.hidden) return;
    this.hidden = readOnly;
    if (readOnly) {
      await world.onHost('mount', '--bind', this.path, this.path);
      await world.onHost('mount', '-o', 'remount,bind,ro', this.path);
    } else await world.onHost('umount', this.path);
  }

  async remove(): Promise<void> {
    await this.setReadOnly(false);
    await world.onHost('umount', '--lazy', this.path);
    rmSync(this.root, { recursive: true, force: true });
  }
}
