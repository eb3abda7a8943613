import { Injectable, Logger } from '@nestjs/common';

import { Clock } from '../../kernel/clock.js';
import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import { Metrics } from '../../metrics/metrics.js';
import { Transactions } from '../../persistence/transactions.js';
import type { Sandbox } from '../../sandbox/sandbox.js';
import { finalRow } from '../final-row.js';
import { Leftovers } from '../leftovers.js';
import type { NetworkPlace } from '../network-place.js';
import type { RunOutcome } from '../run-outcome.js';
import type { FinalStatus } from '../run-status.js';
import type { RunEntity } from '../run.entity.js';
import type { RunSession } from '../run-session.js';
import { RunRepository } from '../run.repository.js';
import { SandboxHost } from '../sandbox-host.js';

/** The end of a run: its outcome is stored, then its sandbox removed, and only then is it final. */
@Injectable()
export class FinishStep {
  readonly #logger = new Logger('Runs');

  constructor(
    private readonly transactions: Transactions,
    private readonly runs: RunRepository,
    private readonly host: SandboxHost,
    private readonly leftovers: Leftovers,
    private readonly metrics: Metrics,
    private readonly clock: Clock,
  ) {}

  async run(session: RunSession, outcome: RunOutcome): Promise<void> {
    const { id } = session.run;
    await this.transactions.run(SYSTEM_ORIGIN, async ({ manager }) => {
      const changes = { endedAt: this.clock.now(), outcome: JSON.stringify(outcome) };
      await this.runs.update(manager, id, changes);
    });
    await this.giveBack(session);
    await this.close(id, outcome);
  }

  /** Makes a stored outcome final. */
  async close(id: string, outcome: RunOutcome): Promise<void> {
    const { status, exitCode, reason } = outcome;
    const finished = await this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
      const run = await this.runs.findIn(tx.manager, id);
      if (run === null) return null;
      await this.runs.transition(tx.manager, id, status, finalRow(run, outcome, this.clock.now()));
      const details = { issue: run.issue, status, exitCode, reason };
      tx.audit({ action: 'run.finished', target: id, details });
      return run;
    });
    if (finished !== null) this.#count(finished, status);
  }

  #count({ preparingAt, runningAt, endedAt }: RunEntity, status: FinalStatus): void {
    this.metrics.runs.inc({ status });
    if (runningAt === null || preparingAt === null) return;
    this.metrics.runStart.observe(Math.max(0, runningAt - preparingAt) / 1000);
    this.metrics.runDuration.observe(Math.max(0, (endedAt ?? runningAt) - runningAt) / 1000);
  }

  /** Removes what the run had on this machine: sandbox, open address, address, files. */
  async giveBack(session: RunSession): Promise<void> {
    const { run, sandbox, place } = session;
    session.secretValues = [];
    session.sandbox = null;
    session.place = null;
    const giveBack = () => this.#giveBack(run.id, sandbox, place);
    try {
      await giveBack();
    } catch (error) {
      this.#logger.warn(`run ${run.id}: its sandbox could not be removed yet`, error);
      this.leftovers.add(run.id, run.issue, giveBack);
    }
  }

  /** An address that could not be closed stays taken, so that nobody inherits it. */
  async #giveBack(
    runId: string,
    sandbox: Sandbox | null,
    place: NetworkPlace | null,
  ): Promise<void> {
    const results = await Promise.allSettled([
      place === null ? null : this.host.network.close(place),
      sandbox?.remove(),
    ]);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    if (place !== null) await this.host.network.release(runId, place);
  }
}
