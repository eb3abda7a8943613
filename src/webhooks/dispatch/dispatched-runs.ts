import { Injectable, type OnModuleInit } from '@nestjs/common';

import { ReadSource } from '../../persistence/read-source.js';
import type { Transaction } from '../../persistence/transactions.js';
import { RunListener, RunListeners, type FinishedRun } from '../../runs/run-listener.js';
import { RunsService } from '../../runs/runs.service.js';
import { isIssueKey } from '../../workspaces/issue-key.js';
import type { HandedDelivery } from '../worker/delivery-handler.js';

type Within = Pick<Transaction, 'manager'>;

/** A run that has not finished. */
export interface DispatchedRun {
  readonly runId: string;
  /** That started it, of the same source; `null`: a person did, or another source. */
  readonly rule: string | null;
}

/**
 * Which rule of which source started the runs that have not finished. A row is made with its run and goes
 * in the transaction that ends it, so neither a replay nor retention takes it away before.
 */
@Injectable()
export class DispatchedRuns extends RunListener implements OnModuleInit {
  constructor(
    private readonly read: ReadSource,
    private readonly runs: RunsService,
    private readonly listeners: RunListeners,
  ) {
    super();
  }

  onModuleInit(): void {
    this.listeners.register(this);
  }

  /** In the transaction that creates the run. */
  async add(
    { manager }: Within,
    { runId, delivery, rule }: { runId: string; delivery: HandedDelivery; rule: string },
  ): Promise<void> {
    const { source, entity, event } = delivery;
    await manager.query(
      'INSERT INTO dispatched_runs (run_id, source, issue, entity, rule) VALUES (?, ?, ?, ?, ?)',
      [runId, source, event.issue?.identifier ?? '', entity, rule],
    );
  }

  /** Of the issue, and those that were started under an earlier name of it. The last first. */
  async activeFor({ event, source, entity }: HandedDelivery): Promise<DispatchedRun[]> {
    const issue = event.issue?.identifier ?? '';
    if (!isIssueKey(issue)) return [];
    const started: { runId: string; rule: string }[] = await this.read.manager.query(
      `SELECT run_id AS runId, rule FROM dispatched_runs WHERE source = ? AND issue = ?
       UNION SELECT run_id, rule FROM dispatched_runs WHERE source = ? AND entity = ?`,
      [source, issue, source, entity],
    );
    const ids = started.map(({ runId }) => runId);
    const unfinished = await this.runs.unfinished(issue, ids);
    const rules = new Map(started.map(({ runId, rule }) => [runId, rule]));
    return unfinished.map((runId) => ({ runId, rule: rules.get(runId) ?? null }));
  }

  started(): Promise<void> {
    return Promise.resolve();
  }

  async finished({ manager }: Within, { id }: FinishedRun): Promise<void> {
    await manager.query('DELETE FROM dispatched_runs WHERE run_id = ?', [id]);
  }
}
