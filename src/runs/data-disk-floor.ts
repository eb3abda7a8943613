import { statfs } from 'node:fs/promises';

import { Injectable } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import { DataDirectory } from '../persistence/data-directory.js';

/** What a file system was found to have free holds for so long. */
const FRESH_MS = 500;
/** Of `runs.minFreeDisk`: what runs that were accepted may still write is kept free for them. */
const SHARE = 0.25;

/** Keeps the last of the data directory's disk for the runs that were accepted: a flood ends here. */
@Injectable()
export class DataDiskFloor {
  #free = { bytes: Infinity, at: -Infinity };

  constructor(
    private readonly settings: Settings,
    private readonly directory: DataDirectory,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `disk_low` */
  async assertRoom(): Promise<void> {
    const floor = this.settings.runs.minFreeDisk * SHARE;
    if ((await this.#freeBytes()) >= floor) return;
    throw new DomainError('disk_low', 'The disk of DATA_DIR has too little room for another run', {
      retryAfterSeconds: 60,
    });
  }

  async #freeBytes(): Promise<number> {
    const now = this.clock.monotonicMs();
    if (now - this.#free.at >= FRESH_MS) {
      const { bavail, bsize } = await statfs(this.directory.root);
      this.#free = { bytes: bavail * bsize, at: now };
    }
    return this.#free.bytes;
  }
}
