import { Injectable } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { decodeCursor, encodeCursor, type Page } from '../http/pagination.js';
import { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import { ID_PATTERN, newId } from '../kernel/ids.js';
import type { Origin } from '../kernel/origin.js';
import { Transactions, type Transaction } from '../persistence/transactions.js';
import { effectivePolicy } from '../sandbox/policy.js';
import { SecretVault, unknownSecrets } from '../secrets/secret-vault.js';
import { CancelSignal } from './cancel-signal.js';
import type { IdempotentRequest } from './idempotency.js';
import { IdempotencyKeys } from './idempotency-key.repository.js';
import { ChangeWaiter } from './run-changes.js';
import { checkedRunRequest, type UncheckedRunRequest } from './run-request-validation.js';
import { withoutValues, type RunRequest } from './run-request.js';
import { RunSignals } from './run-signals.js';
import { isFinal, type RunStatus } from './run-status.js';
import { RunEntity } from './run.entity.js';
import { RunRepository } from './run.repository.js';

export interface CreatedRun {
  run: RunEntity;
  /** An earlier request with the same key made it. */
  replayed: boolean;
}

export interface RunListQuery {
  issue?: string | undefined;
  status?: RunStatus | undefined;
  cursor?: string | undefined;
  limit: number;
}

/** What clients do with runs. Executing them is the dispatcher's. */
@Injectable()
export class RunsService {
  constructor(
    private readonly settings: Settings,
    private readonly transactions: Transactions,
    private readonly runs: RunRepository,
    private readonly vault: SecretVault,
    private readonly idempotency: IdempotencyKeys,
    private readonly signals: RunSignals,
    private readonly clock: Clock,
  ) {}

  /**
   * Puts a run in the queue; durable when it resolves.
   *
   * @throws DomainError `validation_failed`, `environment_refused`, `policy_widened`,
   *   `control_unavailable`, `secret_unknown`, `secrets_locked`, `idempotency_key_reused`
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
    const created = await this.transactions.run(origin, async (tx) => {
      const earlier = await this.#earlier(tx, idempotent);
      if (earlier !== null) return { run: earlier, replayed: true };
      if (unknown.length > 0) throw unknownSecrets(unknown);
      const run = this.#queuedRun(id, issue, request, origin);
      await this.runs.insert(tx.manager, run);
      if (idempotent !== null) await this.idempotency.remember(tx.manager, idempotent, id);
      tx.audit({ action: 'run.created', target: id, details: { issue } });
      return { run, replayed: false };
    });
    if (!created.replayed) this.signals.queued();
    return created;
  }

  /** @throws DomainError `run_not_found` */
  async get(id: string): Promise<RunEntity> {
    const run = ID_PATTERN.test(id) ? await this.runs.find(id) : null;
    if (run === null) throw new DomainError('run_not_found', 'There is no run with this id');
    return run;
  }

  /** As `get`, but waits until the run has finished, or for that many seconds. */
  async getFinished(id: string, waitSeconds: number): Promise<RunEntity> {
    const deadline = this.clock.monotonicMs() + waitSeconds * 1000;
    const waiter = new ChangeWaiter(this.signals.changes, id);
    try {
      for (;;) {
        const run = await this.get(id);
        const left = deadline - this.clock.monotonicMs();
        if (isFinal(run.status) || left <= 0 || this.signals.stopping) return run;
        await waiter.wait(Math.min(left, 5000));
      }
    } finally {
      waiter.close();
    }
  }

  /** Newest first. */
  async list(query: RunListQuery): Promise<Page<RunEntity>> {
    const before = query.cursor === undefined ? undefined : runCursor(query.cursor);
    const found = await this.runs.list({ ...query, before }, query.limit + 1);
    const items = found.slice(0, query.limit);
    const last = items.at(-1);
    const more = found.length > items.length && last !== undefined;
    return { items, nextCursor: more ? encodeCursor([last.id]) : null };
  }

  /**
   * Ends a run: at once when it still waits, else by SIGTERM and, ten seconds later, SIGKILL.
   * Asking again changes nothing.
   *
   * @throws DomainError `run_not_found`, `run_finished`
   */
  async cancel(id: string, origin: Origin): Promise<RunEntity> {
    await this.get(id);
    const run = await this.transactions.run(origin, async (tx) => {
      const current = await this.runs.findIn(tx.manager, id);
      if (current === null || isFinal(current.status)) throw finished();
      // One that was put back into the queue meanwhile still has to be cancelled there.
      if (current.cancelRequestedAt !== null && current.status !== 'queued') return current;
      const changes = this.#cancellation(current);
      if (current.status === 'queued') {
        await this.runs.transition(tx.manager, id, 'cancelled', changes);
        tx.audit({ action: 'run.cancelled', target: id, details: { issue: current.issue } });
        return { ...current, ...changes, status: 'cancelled' as const };
      }
      await this.runs.update(tx.manager, id, changes);
      tx.audit({ action: 'run.cancel_requested', target: id, details: { issue: current.issue } });
      return { ...current, ...changes };
    });
    this.signals.cancel.request(id);
    this.signals.changes.notify(id);
    return run;
  }

  #cancellation(run: RunEntity): Partial<RunEntity> {
    const now = this.clock.now();
    if (run.status !== 'queued') return { cancelRequestedAt: now };
    return {
      cancelRequestedAt: now,
      endedAt: now,
      finishedAt: now,
      reason: 'cancelled',
      request: withoutValues(run.request),
    };
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

function finished(): DomainError {
  return new DomainError('run_finished', 'The run has finished, so it cannot be cancelled');
}

function runCursor(cursor: string): string {
  const [id] = decodeCursor(cursor);
  if (typeof id === 'string' && ID_PATTERN.test(id)) return id;
  throw new DomainError('invalid_cursor', 'The cursor is not one that this list gave out', {
    details: [{ field: 'cursor', message: 'must be a nextCursor of this list' }],
  });
}
