import { Injectable } from '@nestjs/common';

import { RunsService } from '../../runs/runs.service.js';
import { isIssueKey } from '../../workspaces/issue-key.js';
import { Deliveries } from '../inbox/delivery.repository.js';
import type { HandedDelivery } from '../worker/delivery-handler.js';

/** A run that has not finished. */
export interface DispatchedRun {
  readonly runId: string;
  /** That started it; `null`: no delivery did. */
  readonly rule: string | null;
}

/** The runs of an issue that have not finished, and which rules started them. */
@Injectable()
export class DispatchedRuns {
  constructor(
    private readonly deliveries: Deliveries,
    private readonly runs: RunsService,
  ) {}

  /** Also those that were started under an earlier name of the issue. The last first. */
  async activeFor({ event, source, entity }: HandedDelivery): Promise<DispatchedRun[]> {
    const issue = event.issue?.identifier ?? '';
    if (!isIssueKey(issue)) return [];
    const started = await this.deliveries.runsOf({ issue, source, entity });
    const ids = started.map(({ runId }) => runId);
    const unfinished = await this.runs.unfinished(issue, ids);
    const rules = new Map(started.map(({ runId, rule }) => [runId, rule]));
    return unfinished.map((runId) => ({ runId, rule: rules.get(runId) ?? null }));
  }
}
