import { Injectable } from '@nestjs/common';

import { WorkspaceShelf } from './workspace-shelf.js';
import { WorkspaceSizes } from './workspace-sizes.js';
import { WorkspaceTrash } from './workspace-trash.js';
import { Workspaces } from './workspaces.service.js';

/** Where workspaces lie, what they take, and what becomes of old ones. */
@Injectable()
export class WorkspaceStores {
  constructor(
    readonly shelf: WorkspaceShelf,
    readonly sizes: WorkspaceSizes,
    readonly trash: WorkspaceTrash,
    readonly workspaces: Workspaces,
  ) {}
}
