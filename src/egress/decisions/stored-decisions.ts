import { Injectable, Logger } from '@nestjs/common';

import { Clock } from '../../kernel/clock.js';
import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import { Transactions } from '../../persistence/transactions.js';
import { DecisionFeed } from './decision-feed.js';
import { DecisionMetrics } from './decision-metrics.js';
import { DecisionRow } from './decision-row.js';
import { DecisionRecorder, type Decision, type OpenDecision } from './decision.js';
import { EgressDecisions } from './egress-decision.repository.js';
import { RunLedger } from './run-ledger.js';
import { WriteBehind } from './write-behind.js';

/** A run that nothing was heard of for so long is read again when it is. */
const FORGET_AFTER_MS = 600_000;

interface KnownRun {
  readonly ledger: RunLedger;
  heardAt: number;
}

/**
 * Decisions on their way into the database. Nobody waits for it but who was denied. What is held in
 * memory is bounded by the rows that a run may have, also while nothing can be written.
 */
@Injectable()
export class StoredDecisions extends DecisionRecorder {
  readonly #logger = new Logger('EgressDecisions');
  readonly #runs = new Map<string, KnownRun>();
  readonly #writer = new WriteBehind<DecisionRow>({
    write: (rows) => this.#write(rows),
    onTrouble: (error, waiting) =>
      this.#logger.warn(
        `decisions cannot be stored: ${waiting} rows wait in memory and are tried again`,
        error,
      ),
    onRecovery: () => this.#logger.log('decisions are stored again'),
    onIdle: () => this.#forgetQuietRuns(),
  });

  constructor(
    private readonly transactions: Transactions,
    private readonly decisions: EgressDecisions,
    private readonly feed: DecisionFeed,
    private readonly metrics: DecisionMetrics,
    private readonly clock: Clock,
  ) {
    super();
  }

  denied(decision: Decision): Promise<void> {
    this.metrics.denied(decision);
    const row = this.#ledgerOf(decision.runId).rowFor(decision);
    row.counted();
    this.#writer.changed(row);
    return this.#writer.durable(row);
  }

  allowed(decision: Decision): OpenDecision {
    this.metrics.opened(decision);
    const ledger = this.#ledgerOf(decision.runId);
    const row = ledger.rowFor(decision);
    const began = this.clock.monotonicMs();
    ledger.open += 1;
    row.opened();
    this.#writer.changed(row);
    let open = true;
    return {
      close: ({ bytesUp, bytesDown, reason, status }) => {
        if (!open) return;
        open = false;
        const end = { bytesUp, bytesDown, reason, status: status ?? null };
        const durationMs = Math.round(this.clock.monotonicMs() - began);
        this.metrics.closed(end);
        ledger.open -= 1;
        row.current.closed({ ...end, durationMs });
        this.#writer.changed(row.current);
      },
    };
  }

  async settled(runId: string): Promise<void> {
    const rows = this.#writer.unwritten().filter(({ first }) => first.runId === runId);
    await Promise.all(rows.map((row) => this.#writer.durable(row)));
    if (this.#writer.idle && this.#runs.get(runId)?.ledger.open === 0) this.#runs.delete(runId);
  }

  /** Writes what is left; what is handed in later may be lost. */
  async close(): Promise<void> {
    const lost = await this.#writer.close();
    if (lost > 0) this.#logger.error(`${lost} rows of decisions could not be stored`);
  }

  #ledgerOf(runId: string): RunLedger {
    const heardAt = this.clock.monotonicMs();
    const known = this.#runs.get(runId);
    if (known !== undefined) {
      known.heardAt = heardAt;
      return known.ledger;
    }
    const ledger = new RunLedger();
    this.#runs.set(runId, { ledger, heardAt });
    return ledger;
  }

  async #write(changed: readonly DecisionRow[]): Promise<void> {
    for (const runId of new Set(changed.map(({ first }) => first.runId))) {
      const ledger = this.#ledgerOf(runId);
      if (!ledger.loaded) ledger.load(await this.decisions.stateOf(runId));
    }
    const rows = [...new Set(changed.map((row) => row.current))].map((row) =>
      row.stored(this.#ledgerOf(row.first.runId).seqOf(row)),
    );
    await this.transactions.run(SYSTEM_ORIGIN, (tx) => this.decisions.write(tx.manager, rows));
    this.feed.written(rows);
  }

  /** Everything is written, so a ledger that is made anew reads all that this one knows. */
  #forgetQuietRuns(): void {
    const since = this.clock.monotonicMs() - FORGET_AFTER_MS;
    for (const [runId, { ledger, heardAt }] of this.#runs) {
      if (ledger.open === 0 && heardAt < since) this.#runs.delete(runId);
    }
  }
}
