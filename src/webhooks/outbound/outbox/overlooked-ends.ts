import { Injectable } from '@nestjs/common';

import { DomainError } from '../../../kernel/domain-error.js';
import { SYSTEM_ORIGIN } from '../../../kernel/origin.js';
import { Transactions } from '../../../persistence/transactions.js';
import type { FinishedRun } from '../../../runs/run-listener.js';
import { isFinal } from '../../../runs/run-status.js';
import { RunsService } from '../../../runs/runs.service.js';
import { Outbox } from './outbox.js';
import { OutboxFollows } from './outbox-follows.repository.js';

const AT_A_TIME = 200;

/**
 * Finds runs that somebody is to be told of and that finished where nobody listened: a restored
 * backup ends its runs without this module.
 */
@Injectable()
export class OverlookedEnds {
  constructor(
    private readonly outbox: Outbox,
    private readonly follows: OutboxFollows,
    private readonly runs: RunsService,
    private readonly transactions: Transactions,
  ) {}

  /** Writes the messages that are missing. As often as one likes: what is there is left alone. */
  async catchUp(): Promise<void> {
    for (let after = ''; ;) {
      const ids = await this.follows.runIds(after, AT_A_TIME);
      for (const id of ids) await this.#look(id);
      const last = ids.at(-1);
      if (last === undefined) return;
      after = last;
    }
  }

  async #look(id: string): Promise<void> {
    const ended = await this.#endOf(id);
    if (ended === null) return;
    await this.transactions.run(SYSTEM_ORIGIN, async ({ manager }) => {
      if (ended === 'gone') await this.follows.remove(manager, id);
      else await this.outbox.finished({ manager }, ended);
    });
  }

  /** `null`: it has not finished. */
  async #endOf(id: string): Promise<FinishedRun | 'gone' | null> {
    try {
      const run = await this.runs.get(id);
      const { status, issue, exitCode, reason, message, runningAt, endedAt, finishedAt } = run;
      if (!isFinal(status) || finishedAt === null) return null;
      const times = { startedAt: runningAt, endedAt, finishedAt };
      return { id, issue, status, exitCode, reason, message, ...times };
    } catch (error) {
      if (error instanceof DomainError && error.code === 'run_not_found') return 'gone';
      throw error;
    }
  }
}
