import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { world } from '../support/world.js';

/** An ext4 of its own, which can do under a running service what a failing disk makes one do. */
export class JournaledDisk {
  private constructor(
    private readonly root: string,
    readonly path: string,
  ) {}

  static async make(bytes: number): Promise<JournaledDisk> {
    const root = mkdtempSync(join(tmpdir(), 'risoluto-ext4-'));
    const disk = new JournaledDisk(root, join(root, 'disk'));
    mkdirSync(disk.path);
    writeFileSync(disk.image, '');
    truncateSync(disk.image, bytes);
    await world.onHost('mkfs.ext4', '-q', disk.image);
    await disk.#mount();
    return disk;
  }

  /** Nothing is written any more, by files that are open neither; what is there can be read. */
  async fail(): Promise<void> {
    await world.onHost('mount', '-o', 'remount,abort', this.path);
  }

  /** As after a restart of the machine: by whoever has files open there, first. */
  async mend(): Promise<void> {
    await world.onHost('umount', this.path);
    await this.#mount();
  }

  async remove(): Promise<void> {
    await world.onHost('umount', '--lazy', this.path);
    rmSync(this.root, { recursive: true, force: true });
  }

  private get image(): string {
    return join(this.root, 'image');
  }

  async #mount(): Promise<void> {
    await world.onHost('mount', '-o', 'loop', this.image, this.path);
  }
}
