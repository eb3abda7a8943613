import { Injectable } from '@nestjs/common';

import { DomainError } from '../../kernel/domain-error.js';
import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import { Transactions } from '../../persistence/transactions.js';
import { WorkspaceLease, type Release } from '../../workspaces/workspace-host.js';
import { Leftovers } from '../leftovers.js';
import { RunSignals } from '../run-signals.js';
import { RunRepository } from '../run.repository.js';
import { HeldWorkspaces } from './held-workspaces.js';

/**
 * Keeps runs out of a workspace. First the issue is held, then the line of writes is asked whether a
 * run has it: whoever takes a run from the queue later in that line sees that it is held.
 */
@Injectable()
export class RunWorkspaceLease extends WorkspaceLease {
  constructor(
    private readonly held: HeldWorkspaces,
    private readonly transactions: Transactions,
    private readonly runs: RunRepository,
    private readonly leftovers: Leftovers,
    private readonly signals: RunSignals,
  ) {
    super();
  }

  async hold(issue: string): Promise<Release> {
    if (!this.held.add(issue)) throw busy('another request');
    let released = false;
    const release = () => {
      if (released) return;
      released = true;
      this.held.delete(issue);
      this.signals.queued();
    };
    try {
      const active = await this.transactions.run(SYSTEM_ORIGIN, ({ manager }) =>
        this.runs.isActive(manager, issue),
      );
      // A run that has ended may have left its sandbox, where the engine would not remove it yet.
      if (active || this.leftovers.has(issue)) throw busy('a run');
      return release;
    } catch (error) {
      release();
      throw error;
    }
  }
}

function busy(by: string): DomainError {
  return new DomainError('workspace_busy', `The workspace is in use by ${by}; try again`);
}
