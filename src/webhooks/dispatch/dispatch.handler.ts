import { Injectable } from '@nestjs/common';

import { LiveSettings } from '../../config/live-settings.js';
import type { DispatchRule } from '../../config/dispatch/dispatch-schema.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { ErrorCode } from '../../kernel/error-codes.js';
import type { Origin } from '../../kernel/origin.js';
import { Transactions } from '../../persistence/transactions.js';
import { RunsService } from '../../runs/runs.service.js';
import { Outbox } from '../outbound/outbox/outbox.js';
import { decideDispatch, type DispatchDecision } from '../rules/dispatch-decision.js';
import { leftRule } from '../rules/match-rules.js';
import {
  DeliveryHandler,
  DeliveryRejected,
  type DeliveryOutcome,
  type HandedDelivery,
  type Settle,
} from '../worker/delivery-handler.js';
import { DispatchedRuns, type DispatchedRun } from './dispatched-runs.js';

/** What no later attempt would make right: only another rule, or another policy of the operator. */
const FINAL: ReadonlySet<ErrorCode> = new Set([
  'validation_failed',
  'environment_refused',
  'policy_widened',
]);

/**
 * Carries out what the rules say of a delivery. A run is created in the transaction that settles its
 * delivery: both are there, or neither. A run is cancelled before that: to do it again changes nothing.
 */
@Injectable()
export class DispatchHandler extends DeliveryHandler {
  constructor(
    private readonly settings: LiveSettings,
    private readonly transactions: Transactions,
    private readonly runs: RunsService,
    private readonly dispatched: DispatchedRuns,
    private readonly outbox: Outbox,
  ) {
    super();
  }

  async handle(delivery: HandedDelivery, settle: Settle): Promise<void> {
    const origin: Origin = { actor: `webhook:${delivery.source}`, requestId: null };
    const rules = this.settings.dispatch;
    const decision = decideDispatch(rules, delivery.event);
    const overtaken = overtakenBy(delivery, decision.rule);
    const end = (outcome: DeliveryOutcome) =>
      this.transactions.run(origin, (tx) =>
        settle(tx, { ...outcome, considered: decision.considered }),
      );
    if (overtaken !== null) {
      return end({ status: 'superseded', reason: 'newer_applied', message: overtaken });
    }
    const active = await this.dispatched.activeFor(delivery);
    const left = delivery.newer === null ? await this.#endLeft(active, decision, origin) : null;
    if (decision.rule === null) return end(left ?? NO_RULE);
    await this.#dispatch(delivery, decision, { origin, settle, end, active });
  }

  /** Cancels the active runs whose rule the issue has left. */
  async #endLeft(
    active: readonly DispatchedRun[],
    { ends }: DispatchDecision,
    origin: Origin,
  ): Promise<DeliveryOutcome | null> {
    let outcome: DeliveryOutcome | null = null;
    for (const { runId, rule } of active) {
      const why = ends.find((end) => end.rule === rule)?.why;
      if (rule === null || why === undefined) continue;
      await this.#cancel(runId, origin);
      outcome ??= { status: 'handled', rule, runId, reason: 'run_cancelled', message: why };
    }
    return outcome;
  }

  async #dispatch(
    delivery: HandedDelivery,
    { rule, run, reason, considered }: DispatchDecision,
    { origin, settle, end, active }: Dispatching,
  ): Promise<void> {
    if (rule === null) return;
    if (run === null)
      throw new DeliveryRejected('not_rendered', reason ?? 'The run has no command');
    if (rule.onNewer === 'drop' && active.length > 0) {
      const message = `The run ${active[0]?.runId ?? ''} of the issue has not finished`;
      return end({ status: 'ignored', rule: rule.name, reason: 'run_active', message });
    }
    if (rule.onNewer === 'replace') {
      // A run that nobody's rule has started is a person's, and goes on.
      const ours = active.filter((one) => one.rule !== null);
      for (const { runId } of ours) await this.#cancel(runId, origin);
    }
    try {
      await this.runs.create(run.issue, run.request, origin, null, async (tx, { id }) => {
        await settle(tx, { status: 'handled', rule: rule.name, runId: id, considered });
        if (delivery.source === 'linear') {
          const target = { kind: 'linear', issueId: run.issue, identifier: run.issue } as const;
          await this.outbox.follow(tx, { runId: id, target, on: rule.report });
        }
      });
    } catch (error) {
      if (!(error instanceof DomainError) || !FINAL.has(error.code)) throw error;
      throw new DeliveryRejected(error.code, messageOf(error), { cause: error });
    }
  }

  async #cancel(runId: string, origin: Origin): Promise<void> {
    try {
      await this.runs.cancel(runId, origin);
    } catch (error) {
      const gone = error instanceof DomainError && OVER.has(error.code);
      if (!gone) throw error;
    }
  }
}

interface Dispatching {
  readonly origin: Origin;
  readonly settle: Settle;
  readonly end: (outcome: DeliveryOutcome) => Promise<void>;
  readonly active: readonly DispatchedRun[];
}

const OVER: ReadonlySet<ErrorCode> = new Set(['run_finished', 'run_not_found']);

const NO_RULE: DeliveryOutcome = { status: 'ignored', reason: 'no_rule' };

/**
 * Why a delivery that came behind a newer one does nothing; `null`: it is the newest, or what triggers
 * its rule is so still. A trigger that was late is not lost, and what it told does not undo what is
 * newer: it cancels nothing.
 */
function overtakenBy({ newer }: HandedDelivery, rule: DispatchRule | null): string | null {
  if (newer === null) return null;
  if (rule === null || newer === 'gone') {
    return 'Something newer of the same thing was handled before this one';
  }
  return newer.removed ? 'The issue was removed since' : leftRule(rule, newer);
}

function messageOf(error: DomainError): string {
  const details = (error.details ?? []).map(({ field, message }) => `${field} ${message}`);
  return [error.message, ...details].join('; ');
}
