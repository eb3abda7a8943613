import { Injectable } from '@nestjs/common';
import { In, IsNull, MoreThan, Not } from 'typeorm';

import { ReadSource } from '../../persistence/read-source.js';
import type { RunRequest } from '../run-request.js';
import { ACTIVE_STATUSES } from '../run-status.js';
import { RunEntity } from '../run.entity.js';
import { RunningCommandEntity } from '../running-command.entity.js';
import type { TurnRequest } from '../turns/turn-request.js';
import { TurnEntity } from '../turns/turn.entity.js';

/** What the rows say of a run's workspace and of its secrets. */
@Injectable()
export class RunDiffRepository {
  constructor(private readonly read: ReadSource) {}

  /** Whether a later run of the issue has the workspace, or has had it. */
  isFollowed({ issue, id }: RunEntity): Promise<boolean> {
    const later = { issue, id: MoreThan(id) };
    return this.read.manager.existsBy(RunEntity, [
      { ...later, status: In([...ACTIVE_STATUSES]) },
      { ...later, runningAt: Not(IsNull()) },
    ]);
  }

  /** The names of the secrets that the run and its turns were given. */
  async secretNames(run: RunEntity): Promise<string[]> {
    const turns = await this.read.manager.find(TurnEntity, {
      select: { id: true, request: true },
      where: { runId: run.id, request: Not(IsNull()) },
    });
    const requests = [run.request, ...turns.map(({ request }) => request ?? '{}')];
    return [...new Set(requests.flatMap(namesIn))];
  }

  /** The values that the running command was given, sealed; `null` when there are none. */
  async sealedValues(runId: string): Promise<string | null> {
    const command = await this.read.manager.findOneBy(RunningCommandEntity, { runId });
    return command?.maskedValues ?? null;
  }
}

function namesIn(request: string): string[] {
  const { secrets = {} } = JSON.parse(request) as Partial<RunRequest | TurnRequest>;
  return Object.values(secrets);
}
