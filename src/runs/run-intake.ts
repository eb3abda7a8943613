import { Injectable, type OnModuleInit } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import { continueAfter, newId } from '../kernel/ids.js';
import type { Origin } from '../kernel/origin.js';
import { Transactions, type Transaction } from '../persistence/transactions.js';
import { effectivePolicy } from '../sandbox/policy.js';
import { SecretVault, unknownSecrets } from '../secrets/secret-vault.js';
import { IdempotencyKeys } from './idempotency-key.repository.js';
import type { IdempotentRequest } from './idempotency.js';
import { checkedRunRequest, type UncheckedRunRequest } from './run-request-validation.js';
import type { RunRequest } from './run-request.js';
import { RunEntity } from './run.entity.js';
import { RunRepository } from './run.repository.js';

export interface CreatedRun {
  run: RunEntity;
  /** An earlier request with the same key made it. */
  replayed: boolean;
}

/** Turns requests into queued runs. */
@Injectable()
export class RunIntake implements OnModuleInit {
  constructor(
    private readonly settings: Settings,
    private readonly transactions: Transactions,
    private readonly runs: RunRepository,
    private readonly vault: SecretVault,
    private readonly idempotency: IdempotencyKeys,
    private readonly clock: Clock,
  ) {}

  /** The order of ids is the queue's, whatever became of the clock since the last process. */
  async onModuleInit(): Promise<void> {
    const newest = await this.runs.newest();
    if (newest !== null) continueAfter(newest);
  }

  /**
   * Puts a run in the queue; durable when it resolves.
   *
   * @throws DomainError `validation_failed`, `environment_refused`, `policy_widened`,
   *   `control_unavailable`, `secret_unknown`, `secrets_locked`, `idempotency_key_reused`,
   *   `queue_full`
   */
  async create(
    issue: string,
    body: UncheckedRunRequest,
    origin: Origin,
    idempotent: IdempotentRequest | null,
  ): Promise<CreatedRun> {
    const request = checkedRunRequest(body);
    effectivePolicy(this.settings.codex, this.settings.configuredKeys, request);
    const unknown = await this.vault.missing(Object.values(request.secrets));
    const id = newId();
    return this.transactions.run(origin, async (tx) => {
      const earlier = await this.#earlier(tx, idempotent);
      if (earlier !== null) return { run: earlier, replayed: true };
      if (unknown.length > 0) throw unknownSecrets(unknown);
      await this.#assertRoom(tx);
      const run = this.#queuedRun(id, issue, request, origin);
      await this.runs.insert(tx.manager, run);
      if (idempotent !== null) await this.idempotency.remember(tx.manager, idempotent, id);
      tx.audit({ action: 'run.created', target: id, details: { issue } });
      return { run, replayed: false };
    });
  }

  async #assertRoom({ manager }: Transaction): Promise<void> {
    const { maxQueued } = this.settings.runs;
    if (!(await this.runs.queueHolds(manager, maxQueued))) return;
    throw new DomainError(
      'queue_full',
      `As many runs wait as may (runs.maxQueued, ${maxQueued}); try again when some have finished`,
      { retryAfterSeconds: 30 },
    );
  }

  async #earlier(tx: Transaction, idempotent: IdempotentRequest | null): Promise<RunEntity | null> {
    if (idempotent === null) return null;
    const runId = await this.idempotency.find(tx.manager, idempotent);
    return runId === null ? null : this.runs.findIn(tx.manager, runId);
  }

  #queuedRun(id: string, issue: string, request: RunRequest, origin: Origin): RunEntity {
    return Object.assign(new RunEntity(), {
      id,
      issue,
      status: 'queued' as const,
      request: JSON.stringify(request),
      actor: origin.actor,
      requestId: origin.requestId,
      exitCode: null,
      reason: null,
      message: null,
      createdAt: this.clock.now(),
      preparingAt: null,
      runningAt: null,
      endedAt: null,
      finishedAt: null,
      cancelRequestedAt: null,
      containerId: null,
      outcome: null,
      sandboxReport: null,
    });
  }
}
