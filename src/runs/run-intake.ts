import { Injectable } from '@nestjs/common';

import type { Origin } from '../kernel/origin.js';
import { Transactions, type Transaction } from '../persistence/transactions.js';
import { unknownSecrets } from '../secrets/secret-vault.js';
import { IdempotencyKeys } from './idempotency-key.repository.js';
import type { IdempotentRequest } from './idempotency.js';
import { RunAdmission } from './run-admission.js';
import { RunRequestJudge } from './run-request-judge.js';
import { checkedRunRequest, type UncheckedRunRequest } from './run-request-validation.js';
import type { RunEntity } from './run.entity.js';
import { RunRepository } from './run.repository.js';

/** What commits with a run that is new, or keeps it from being made. Nothing but SQL. */
export type BesideRun = (tx: Transaction, run: RunEntity) => Promise<void>;

export interface CreatedRun {
  run: RunEntity;
  /** An earlier request with the same key made it. */
  replayed: boolean;
}

/** Turns requests into queued runs. */
@Injectable()
export class RunIntake {
  constructor(
    private readonly judge: RunRequestJudge,
    private readonly transactions: Transactions,
    private readonly runs: RunRepository,
    private readonly admission: RunAdmission,
    private readonly idempotency: IdempotencyKeys,
  ) {}

  /**
   * Puts a run in the queue; durable when it resolves. `beside` commits with it.
   *
   * @throws DomainError `validation_failed`, `environment_refused`, `policy_widened`,
   *   `control_unavailable`, `agent_unknown`, `secret_unknown`, `secrets_locked`, `idempotency_key_reused`,
   *   `queue_full`
   */
  async create(
    issue: string,
    body: UncheckedRunRequest,
    origin: Origin,
    idempotent: IdempotentRequest | null,
    beside?: BesideRun,
  ): Promise<CreatedRun> {
    const { keepAlive = false } = body;
    const request = checkedRunRequest(body);
    const unknown = await this.judge.unknownSecrets(request);
    return this.transactions.run(origin, async (tx) => {
      const earlier = await this.#earlier(tx, idempotent);
      if (earlier !== null) return { run: earlier, replayed: true };
      if (unknown.length > 0) throw unknownSecrets(unknown);
      const run = await this.admission.run(tx, { issue, request, keepAlive });
      if (idempotent !== null) await this.idempotency.remember(tx.manager, idempotent, run.id);
      tx.audit({ action: 'run.created', target: run.id, details: { issue } });
      await beside?.(tx, run);
      return { run, replayed: false };
    });
  }

  /** What `create` would refuse of it now, but for the room in the line. @throws DomainError as `create` */
  async check(body: UncheckedRunRequest): Promise<void> {
    const unknown = await this.judge.unknownSecrets(checkedRunRequest(body));
    if (unknown.length > 0) throw unknownSecrets(unknown);
  }

  async #earlier(tx: Transaction, idempotent: IdempotentRequest | null): Promise<RunEntity | null> {
    if (idempotent === null) return null;
    const runId = await this.idempotency.find(tx.manager, idempotent);
    return runId === null ? null : this.runs.findIn(tx.manager, runId);
  }
}
