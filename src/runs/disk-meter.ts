import { Injectable } from '@nestjs/common';

import { DomainError } from '../kernel/domain-error.js';
import { HelperContainers } from '../sandbox/helper-containers.js';
import { WorkspaceSizes } from '../workspaces/workspace-sizes.js';
import { Workspaces } from '../workspaces/workspaces.service.js';

/**
 * Measures what an issue has on disk while its sandbox runs. The service itself never looks inside a
 * live workspace: a helper container does, which has these two directories, read-only, and no
 * network. It may read what the sandbox's user has closed to itself, or that would hide it.
 */
@Injectable()
export class DiskMeter {
  constructor(
    private readonly helpers: HelperContainers,
    private readonly workspaces: Workspaces,
    private readonly sizes: WorkspaceSizes,
  ) {}

  /** A directory of the file system that the issue's data is on. */
  directoryOf(issue: string): string {
    return this.workspaces.pathsOf(issue).workspaceDir;
  }

  /** Bytes allocated by workspace and HOME together. */
  async usedBytes(issue: string): Promise<number> {
    const { workspaceDir, homeDir } = this.workspaces.pathsOf(issue);
    const { stdout } = await this.helpers.run({
      purpose: 'disk-use',
      argv: ['du', '--summarize', '--total', '--one-file-system', '--block-size=1', '/w', '/h'],
      mounts: [
        { source: workspaceDir, target: '/w', readOnly: true },
        { source: homeDir, target: '/h', readOnly: true },
      ],
      caps: ['DAC_READ_SEARCH'],
    });
    // du's exit code tells of files that vanished meanwhile, which is no failure here.
    const total = /^(\d+)\ttotal$/m.exec(stdout.toString('utf8'));
    if (total === null) {
      throw new DomainError(
        'control_unavailable',
        'The disk use of a workspace cannot be measured',
        {
          details: [
            { field: 'codex.sandbox.resources.workspace', message: 'the image must have du' },
          ],
        },
      );
    }
    return Number(total[1]);
  }

  /** For the list of workspaces. */
  record(issue: string, bytes: number): void {
    this.sizes.record(issue, bytes);
  }

  /** What the issue has may be other than what was recorded. */
  outdate(issue: string): void {
    this.sizes.outdate(issue);
  }
}
