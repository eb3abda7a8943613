import { Injectable } from '@nestjs/common';

import { Leftovers } from './leftovers.js';
import type { PassedOver } from './turns/turn.repository.js';
import { WaitingRoom } from './waiting-room.js';
import { HeldWorkspaces } from './workspaces/held-workspaces.js';

/** What keeps turns from being taken, beside the runs that have their workspaces. */
@Injectable()
export class LineObstacles {
  constructor(
    private readonly held: HeldWorkspaces,
    private readonly room: WaitingRoom,
    private readonly leftovers: Leftovers,
  ) {}

  get now(): PassedOver {
    return {
      issues: [...this.held.issues, ...this.room.issues],
      unclearedRuns: this.leftovers.runIds,
    };
  }
}
