import { Injectable } from '@nestjs/common';

import { DomainError } from '../kernel/domain-error.js';
import { HelperContainers } from '../sandbox/helper-containers.js';

/** Gives a directory of ours to the sandbox's user, for a service that is not root itself. */
@Injectable()
export class DirectoryGift {
  constructor(private readonly helpers: HelperContainers) {}

  /** @throws DomainError `control_unavailable` when the owner could not be changed. */
  async give(directory: string, owner: { uid: number; gid: number }): Promise<void> {
    const { exitCode } = await this.helpers.run({
      purpose: 'give-directory',
      argv: ['sh', '-c', `chmod 755 /directory && chown ${owner.uid}:${owner.gid} /directory`],
      mounts: [{ source: directory, target: '/directory', readOnly: false }],
      caps: ['CHOWN', 'FOWNER'],
    });
    if (exitCode === 0) return;
    throw new DomainError('control_unavailable', 'A workspace could not be given to the sandbox', {
      details: [{ field: 'workspace', message: 'its owner could not be changed' }],
    });
  }
}
