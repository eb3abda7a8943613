import { Logger, Module, type OnModuleInit } from '@nestjs/common';

import { WorkspaceArchiveController } from './api/workspace-archive.controller.js';
import { WorkspacesController } from './api/workspaces.controller.js';
import { WorkspaceCatalogue } from './workspace-catalogue.js';
import { WorkspaceDownloads } from './workspace-downloads.js';
import { WorkspaceHost } from './workspace-host.js';
import { WorkspaceShelf } from './workspace-shelf.js';
import { WorkspaceSizes } from './workspace-sizes.js';
import { WorkspaceStores } from './workspace-stores.js';
import { WorkspaceTrash } from './workspace-trash.js';
import { WorkspaceUploads } from './workspace-uploads.js';
import { WorkspacesInUse } from './workspaces-in-use.js';
import { WorkspacesLock } from './workspaces-lock.js';
import { Workspaces } from './workspaces.service.js';

@Module({
  controllers: [WorkspacesController, WorkspaceArchiveController],
  providers: [
    WorkspaceCatalogue,
    WorkspaceDownloads,
    WorkspaceHost,
    WorkspaceShelf,
    WorkspaceSizes,
    WorkspaceStores,
    WorkspaceTrash,
    WorkspaceUploads,
    Workspaces,
    WorkspacesLock,
  ],
  exports: [WorkspaceHost, WorkspaceSizes, Workspaces],
})
export class WorkspacesModule implements OnModuleInit {
  readonly #logger = new Logger('Workspaces');

  constructor(
    private readonly shelf: WorkspaceShelf,
    private readonly lock: WorkspacesLock,
  ) {}

  /** Before runs are taken. @throws WorkspacesInUse */
  async onModuleInit(): Promise<void> {
    await this.#lock();
    for (const failure of await this.shelf.recover()) {
      this.#logger.error('an upload cannot be finished; its workspace is what it was', failure);
    }
  }

  /** A disk that cannot be written keeps runs waiting, and the API stays up. */
  async #lock(): Promise<void> {
    try {
      await this.lock.take();
    } catch (error) {
      if (error instanceof WorkspacesInUse) throw error;
      this.#logger.error('the directory of workspaces cannot be locked yet', error);
    }
  }
}
