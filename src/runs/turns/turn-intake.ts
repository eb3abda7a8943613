import { Injectable } from '@nestjs/common';

import { Settings } from '../../config/settings.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { Origin } from '../../kernel/origin.js';
import { Transactions } from '../../persistence/transactions.js';
import { refuseWider } from '../../sandbox/policy-narrowing.js';
import { SecretVault, unknownSecrets } from '../../secrets/secret-vault.js';
import { assertAgent, assertCompacts, withAgentRoutes } from '../agents/agent-choice.js';
import { TurnDrivers } from '../agents/turn-driver.js';
import { RunAdmission } from '../run-admission.js';
import type { RunRequest } from '../run-request.js';
import { isFinal } from '../run-status.js';
import type { RunEntity } from '../run.entity.js';
import { RunRepository } from '../run.repository.js';
import { policyOfTurn } from './turn-policy.js';
import { checkedTurnRequest, type UncheckedTurnRequest } from './turn-request-validation.js';
import { requestOfTurn, type TurnRequest } from './turn-request.js';
import type { TurnEntity } from './turn.entity.js';

/** Turns requests for further turns into queued ones. */
@Injectable()
export class TurnIntake {
  constructor(
    private readonly settings: Settings,
    private readonly transactions: Transactions,
    private readonly runs: RunRepository,
    private readonly admission: RunAdmission,
    private readonly vault: SecretVault,
    private readonly drivers: TurnDrivers,
  ) {}

  /**
   * Puts the next turn of a run that waits for one in the line; durable when it resolves.
   *
   * @throws DomainError `run_not_kept_alive`, `run_finished`, `turn_active`; and as `RunIntake.create`
   */
  async create(run: RunEntity, body: UncheckedTurnRequest, origin: Origin): Promise<TurnEntity> {
    assertTakesTurn(run);
    const ofRun = JSON.parse(run.request) as RunRequest;
    return this.#queued(run, checkedTurnRequest(ofRun, body), origin);
  }

  /**
   * As `create`, of a turn in which the run's agent shortens its conversation.
   *
   * @throws DomainError `compaction_unsupported`; and as `create`
   */
  async createCompaction(run: RunEntity, origin: Origin): Promise<TurnEntity> {
    assertCompacts(this.drivers, JSON.parse(run.request) as RunRequest);
    assertTakesTurn(run);
    return this.#queued(run, { compaction: true, env: {}, secrets: {} }, origin);
  }

  async #queued(run: RunEntity, request: TurnRequest, origin: Origin): Promise<TurnEntity> {
    const ofRun = JSON.parse(run.request) as RunRequest;
    this.#refuseWider(ofRun, request);
    const { secrets, agent } = requestOfTurn(ofRun, request);
    assertAgent(this.drivers, agent);
    const unknown = await this.vault.missing(Object.values(secrets));
    return this.transactions.run(origin, async (tx) => {
      const current = await this.runs.findIn(tx.manager, run.id);
      if (current === null) throw new DomainError('run_not_found', 'The run is gone');
      assertTakesTurn(current);
      if (unknown.length > 0) throw unknownSecrets(unknown);
      const turn = await this.admission.turn(tx, current, request);
      const { id, issue } = current;
      const action = request.compaction ? 'run.compaction_requested' : 'run.turn_created';
      tx.audit({ action, target: id, details: { issue, turn: turn.number } });
      return turn;
    });
  }

  /** Fields are named as the turn's request has them, or as the run's where they are its. */
  #refuseWider(run: RunRequest, own: TurnRequest): void {
    try {
      policyOfTurn(this.settings, withAgentRoutes(this.drivers, requestOfTurn(run, own)));
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'policy_widened') throw error;
      const fields = (error.details ?? []).map(({ field }) => field);
      refuseWider(own.turnSandboxPolicy === undefined ? fields : fields.map(inTurnRequest));
    }
  }
}

const TURN_POLICY = 'policy.turnSandboxPolicy';

function inTurnRequest(field: string): string {
  return field.startsWith(TURN_POLICY) ? field.slice('policy.'.length) : field;
}

function assertTakesTurn(run: RunEntity): void {
  if (!run.keepAlive) {
    throw new DomainError(
      'run_not_kept_alive',
      'The run was not started with keepAlive, so it takes no further turns; start another run',
    );
  }
  if (isFinal(run.status)) {
    throw new DomainError('run_finished', 'The run has finished, so it takes no further turns');
  }
  if (run.idleSince !== null) return;
  throw new DomainError(
    'turn_active',
    `Turn ${run.turn} of the run is not over yet; wait for it, or cancel the run`,
  );
}
