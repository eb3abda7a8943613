import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { Injectable } from '@nestjs/common';

import { renderResolvConf } from '../egress/resolvers.js';
import { DataDirectory } from '../persistence/data-directory.js';

/** The files that are mounted at `/etc/resolv.conf` of sandboxes, one a run. */
@Injectable()
export class ResolvFiles {
  constructor(private readonly directory: DataDirectory) {}

  /** Answers its path. */
  async write(runId: string, resolvers: readonly string[]): Promise<string> {
    const path = this.pathOf(runId);
    await mkdir(this.directory.path('resolv'), { recursive: true, mode: 0o700 });
    // Read by the sandbox's user, through a mount of this one file.
    await writeFile(path, renderResolvConf(resolvers), { mode: 0o644 });
    return path;
  }

  pathOf(runId: string): string {
    return this.directory.path('resolv', `${runId}.conf`);
  }

  async remove(runId: string): Promise<void> {
    await rm(this.pathOf(runId), { force: true });
  }

  /** For when no sandbox but of these runs has one mounted. */
  async removeAllBut(runIds: ReadonlySet<string>): Promise<void> {
    const directory = this.directory.path('resolv');
    const files = await readdir(directory).catch(() => []);
    const kept = new Set([...runIds].map((runId) => basename(this.pathOf(runId))));
    const others = files.filter((file) => !kept.has(file));
    await Promise.all(others.map((file) => rm(join(directory, file), { force: true })));
  }
}
