import { Injectable } from '@nestjs/common';

import { Clock } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/domain-error.js';
import { hostMoment } from '../../kernel/host-moment.js';
import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import { Transactions, type AuditDraft } from '../../persistence/transactions.js';
import type { EffectivePolicy } from '../../sandbox/policy.js';
import { SecretVault } from '../../secrets/secret-vault.js';
import { AgentRunRepository } from '../agents/agent-run.repository.js';
import { NoLongerOpenError } from '../network-gate.js';
import { addressOf } from '../network-place.js';
import { RunNetwork } from '../run-network.js';
import type { RunSession } from '../run-session.js';
import { RunStates } from '../run-states.js';
import type { RunEntity } from '../run.entity.js';
import { limitsOf, type CommandLimits, type RunningCommand } from '../running-command.js';
import { FIRST_TURN } from '../turns/turn-request.js';
import type { PreparedRun } from './prepare.step.js';

/** The run was cancelled, or the service stops, before its command began. */
export class NeverBegunError extends Error {}

/** That the frame is being sent could not be committed, so it was not sent. */
export class NotCommittedError extends Error {}

/** The commit after which a command may begin, with all that another process needs to go on. */
@Injectable()
export class BeginStep {
  constructor(
    private readonly transactions: Transactions,
    private readonly states: RunStates,
    private readonly network: RunNetwork,
    private readonly vault: SecretVault,
    private readonly agents: AgentRunRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Opens the network where the policy says so, and commits that the frame is being sent.
   *
   * @throws NeverBegunError, NotCommittedError, DomainError
   */
  async run(session: RunSession, prepared: PreparedRun): Promise<RunningCommand> {
    const { policy, place, sandbox } = prepared;
    await this.#open(session, prepared);
    const begunMs = this.clock.monotonicMs();
    const limits = limitsOf(policy, session.agent?.spentMs);
    await this.#commit(session, prepared, limits).catch((error: unknown) => {
      const passing = error instanceof DomainError && error.code.startsWith('storage_');
      throw passing ? new NotCommittedError('not committed', { cause: error }) : error;
    });
    return {
      sandbox,
      place,
      limits,
      deadline: begunMs + limits.timeoutSeconds * 1000,
      output: { masked: session.masked, rotated: null, notice: noticeOf(policy) },
      begun: false,
      agentTurn: prepared.agentTurn,
      printedUntil: null,
      engineWasAway: false,
    };
  }

  /** What was placed on the open network before an allowlist came into force is placed anew. */
  async #open(session: RunSession, { place, policy }: PreparedRun): Promise<void> {
    const { requested } = policy.egress;
    const { id: runId, turn: number } = session.run;
    const routesOnly = !policy.networkAccess;
    const { credentialRoutes: routes } = policy;
    const values = session.masked;
    const turn = { runId, turn: number, requested, routes, routesOnly, values };
    await this.network.open(place, policy, turn).catch((error: unknown) => {
      const outdated = error instanceof NoLongerOpenError;
      throw outdated ? new NotCommittedError('placed too early', { cause: error }) : error;
    });
  }

  async #commit(session: RunSession, prepared: PreparedRun, limits: CommandLimits): Promise<void> {
    const { agent } = session;
    const { id } = session.run;
    const { place, sandbox, frame, base } = prepared;
    const runningAt = this.clock.now();
    const begun = hostMoment();
    const kept = {
      runId: id,
      nonce: frame.nonce,
      place: JSON.stringify(addressOf(place)),
      begun: begun && JSON.stringify(begun),
      limits: JSON.stringify(limits),
      maskedValues: this.#sealed(session),
    };
    await this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
      const current = await this.states.current(tx.manager, id);
      const stopped = session.endedBy !== null || session.leaving.aborted;
      if (stopped || current === null || current.cancelRequestedAt !== null)
        throw new NeverBegunError();
      await this.states.begin(tx.manager, current, {
        runningAt,
        containerId: sandbox.containerId,
        sandboxReport: JSON.stringify(sandbox.report),
        command: kept,
        again: (agent?.number ?? 1) > 1,
        ...(base !== null && { base: JSON.stringify(base) }),
      });
      if (agent !== null) {
        const { number, spentMs } = agent;
        await this.agents.place(tx.manager, id, { turn: current.turn, attempt: number, spentMs });
      }
      tx.audit(startedRow(current, agent?.number ?? 1));
    });
  }

  /** The secrets themselves may be changed or deleted while the command runs. */
  #sealed({ run, secretValues }: RunSession): string | null {
    return secretValues.length === 0 ? null : this.vault.sealForRun(run.id, secretValues);
  }
}

/** Who reads the output of a run must not believe that it was held to an allowlist. */
function noticeOf({ egress, networkAccess }: EffectivePolicy): string | null {
  if (!networkAccess || egress.mode !== 'observe') return null;
  return '[outbound connections are observed, not enforced: everything but private and metadata addresses is let through]\n';
}

function startedRow({ id, issue, turn }: RunEntity, attempt: number): AuditDraft {
  if (attempt > 1) {
    return { action: 'run.turn_restarted', target: id, details: { issue, turn, attempt } };
  }
  return turn === FIRST_TURN
    ? { action: 'run.started', target: id, details: { issue } }
    : { action: 'run.turn_started', target: id, details: { issue, turn } };
}
