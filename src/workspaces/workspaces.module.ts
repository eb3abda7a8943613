import { Module } from '@nestjs/common';

import { Workspaces } from './workspaces.service.js';

@Module({ providers: [Workspaces], exports: [Workspaces] })
export class WorkspacesModule {}
