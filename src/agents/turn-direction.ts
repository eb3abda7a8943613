import { Injectable } from '@nestjs/common';

import type { Origin } from '../kernel/origin.js';
import { Transactions } from '../persistence/transactions.js';
import { LiveTurns } from './live-turns.js';

/** What people have an agent do while its turn goes on. The attempt is in the audit before it is made. */
@Injectable()
export class TurnDirection {
  constructor(
    private readonly live: LiveTurns,
    private readonly transactions: Transactions,
  ) {}

  /** Resolves once the agent took it. @throws DomainError `turn_not_steerable` */
  async steer(runId: string, text: string, origin: Origin): Promise<void> {
    const { turn, controls } = this.live.current(runId);
    await this.#audit('run.turn_steered', { runId, turn }, origin);
    await controls.steer(text);
  }

  /** @throws DomainError `turn_not_steerable` */
  async interrupt(runId: string, origin: Origin): Promise<void> {
    const { turn, controls } = this.live.current(runId);
    await this.#audit('run.turn_interrupted', { runId, turn }, origin);
    controls.interrupt(`Interrupted by ${origin.actor}`);
  }

  #audit(action: string, of: { runId: string; turn: number }, origin: Origin): Promise<void> {
    return this.transactions.run(origin, (tx) => {
      tx.audit({ action, target: of.runId, details: { turn: of.turn } });
      return Promise.resolve();
    });
  }
}
