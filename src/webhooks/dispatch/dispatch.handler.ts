import { Injectable } from '@nestjs/common';

import { LiveSettings } from '../../config/live-settings.js';
import type { DispatchRule } from '../../config/dispatch/dispatch-schema.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { ErrorCode } from '../../kernel/error-codes.js';
import type { Origin } from '../../kernel/origin.js';
import { RunsService } from '../../runs/runs.service.js';
import { Deliveries } from '../inbox/delivery.repository.js';
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
  'agent_unknown',
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
    private readonly runs: RunsService,
    private readonly dispatched: DispatchedRuns,
    private readonly deliveries: Deliveries,
    private readonly outbox: Outbox,
  ) {
    super();
  }

  async handle(delivery: HandedDelivery, settle: Settle): Promise<DeliveryOutcome | null> {
    const origin: Origin = { actor: `webhook:${delivery.source}`, requestId: null };
    const rules = this.settings.dispatch;
    const decision = decideDispatch(rules, delivery.event);
    const end = (outcome: DeliveryOutcome) => ({ ...outcome, considered: decision.considered });
    if (await this.#isOwnComment(delivery)) return end(OWN_COMMENT);
    const overtaken = await this.#overtaken(delivery, decision.rule);
    if (overtaken !== null) {
      return end({ status: 'superseded', reason: 'newer_applied', message: overtaken });
    }
    // What came late cancels nothing.
    const mayEnd = delivery.newer === null && decision.ends.length > 0;
    // Most deliveries are about nothing that a rule asks for.
    if (decision.rule === null && !mayEnd) return end(NO_RULE);
    const all = await this.dispatched.activeFor(delivery);
    const ended = mayEnd ? endedBy(decision, all) : [];
    for (const { runId } of ended) await this.#cancel(runId, origin);
    if (decision.rule === null) return end(ended[0]?.outcome ?? NO_RULE);
    const active = all.filter(({ runId }) => !ended.some((one) => one.runId === runId));
    return this.#dispatch(delivery, decision, { origin, settle, end, active });
  }

  /** Linear tells of what we wrote as of anybody's comment: no rule may answer itself. */
  async #isOwnComment({ source, event }: HandedDelivery): Promise<boolean> {
    if (source !== 'linear' || event.type !== 'Comment' || event.entityId === null) return false;
    return this.outbox.wrote(event.entityId);
  }

  /**
   * Why a delivery that came behind a newer one does nothing; `null`: it is the newest, or what triggers
   * its rule is so still and the rule has not acted on anything newer. A trigger that was late is not
   * lost, and what it told does not undo what is newer.
   */
  async #overtaken(delivery: HandedDelivery, rule: DispatchRule | null): Promise<string | null> {
    const { newer, entity, source, occurredAt } = delivery;
    if (newer === null) return null;
    if (rule === null || entity === null || newer === 'gone') return OVERTAKEN;
    if (newer.removed) return 'The issue was removed since';
    const acted = await this.deliveries.hasActedAfter({ source, entity, occurredAt }, rule.name);
    return acted ? OVERTAKEN : leftRule(rule, newer);
  }

  async #dispatch(
    delivery: HandedDelivery,
    { rule, run, reason, considered }: DispatchDecision,
    { origin, settle, end, active }: Dispatching,
  ): Promise<DeliveryOutcome | null> {
    if (rule === null) return end(NO_RULE);
    if (run === null)
      throw new DeliveryRejected('not_rendered', reason ?? 'The run has no command');
    if (rule.onNewer === 'drop' && active.length > 0) {
      const message = `The run ${active[0]?.runId ?? ''} of the issue has not finished`;
      return end({ status: 'ignored', rule: rule.name, reason: 'run_active', message });
    }
    try {
      if (rule.onNewer === 'replace' && delivery.newer === null) {
        // Not for a run that cannot be had.
        await this.runs.assertCreatable(run.request);
        // A run that no rule of this source has started is somebody else's, and goes on.
        const ours = active.filter((one) => one.rule !== null);
        for (const { runId } of ours) await this.#cancel(runId, origin);
      }
      await this.runs.create(run.issue, run.request, origin, null, async (tx, { id }) => {
        await settle(tx, { status: 'handled', rule: rule.name, runId: id, considered });
        await this.dispatched.add(tx, { runId: id, delivery, rule: rule.name });
        if (delivery.source === 'linear') {
          const target = { kind: 'linear', issueId: run.issue, identifier: run.issue } as const;
          await this.outbox.follow(tx, { runId: id, target, on: rule.report });
        }
      });
      return null;
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
  readonly end: (outcome: DeliveryOutcome) => DeliveryOutcome;
  readonly active: readonly DispatchedRun[];
}

const OVER: ReadonlySet<ErrorCode> = new Set(['run_finished', 'run_not_found']);

const NO_RULE: DeliveryOutcome = { status: 'ignored', reason: 'no_rule' };

const OWN_COMMENT: DeliveryOutcome = { status: 'ignored', reason: 'own_comment' };

const OVERTAKEN = 'Something newer of the same thing was handled before this one';

interface EndedRun {
  readonly runId: string;
  readonly outcome: DeliveryOutcome;
}

/** The active runs whose rule the issue has left. */
function endedBy({ ends }: DispatchDecision, active: readonly DispatchedRun[]): EndedRun[] {
  return active.flatMap(({ runId, rule }) => {
    const why = ends.find((end) => end.rule === rule)?.why;
    if (rule === null || why === undefined) return [];
    const outcome = {
      status: 'handled',
      rule,
      runId,
      reason: 'run_cancelled',
      message: why,
    } as const;
    return [{ runId, outcome }];
  });
}

function messageOf(error: DomainError): string {
  const details = (error.details ?? []).map(({ field, message }) => `${field} ${message}`);
  return [error.message, ...details].join('; ');
}
