import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import { ReadSource } from '../../persistence/read-source.js';
import { AgentRunEntity } from './agent-run.entity.js';

/** Which attempt at a turn it is, and how much of the turn's time those before it took. */
export type AttemptPlace = Pick<AgentRunEntity, 'turn' | 'attempt' | 'spentMs'>;

/** The rows of agents' runs. They go with their runs. */
@Injectable()
export class AgentRunRepository {
  constructor(private readonly read: ReadSource) {}

  find(runId: string): Promise<AgentRunEntity | null> {
    return this.read.manager.findOneBy(AgentRunEntity, { runId });
  }

  findIn(manager: EntityManager, runId: string): Promise<AgentRunEntity | null> {
    return manager.findOneBy(AgentRunEntity, { runId });
  }

  /** The turn and its attempt stay as they are. */
  async remember(manager: EntityManager, runId: string, memory: string): Promise<void> {
    const known = await this.findIn(manager, runId);
    if (known !== null) await manager.update(AgentRunEntity, { runId }, { memory });
    else await manager.insert(AgentRunEntity, { runId, memory, turn: 1, attempt: 1, spentMs: 0 });
  }

  async place(manager: EntityManager, runId: string, place: AttemptPlace): Promise<void> {
    const known = await this.findIn(manager, runId);
    if (known !== null) await manager.update(AgentRunEntity, { runId }, place);
    else await manager.insert(AgentRunEntity, { runId, memory: null, ...place });
  }
}

/** The place of the turn that the row tells of, or the first of another one. */
export function placeIn(row: AgentRunEntity | null, turn: number): AttemptPlace {
  if (row === null || row.turn !== turn) return { turn, attempt: 1, spentMs: 0 };
  return { turn, attempt: row.attempt, spentMs: row.spentMs };
}
