import { Injectable, Logger } from '@nestjs/common';

import { Clock } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { FoundSandbox } from '../../sandbox/sandboxes.js';
import type { KeptAddress } from '../network-place.js';
import type { RunRequest } from '../run-request.js';
import { RunRepository } from '../run.repository.js';
import type { RunEntity } from '../run.entity.js';
import { ownRequest, TurnRepository } from '../turns/turn.repository.js';
import { adoptable, msLeft, type AdoptableRun } from './adoptable-run.js';
import { AdoptedRuns } from './adopted-runs.js';
import { HostInventory } from './host-inventory.js';
import { UnadoptableRuns } from './unadoptable-runs.js';

/**
 * Gives every run that an earlier process left in mid-life a true state. What decides is what really
 * exists: a run whose container is there goes on, any other is settled, and what no run has is removed.
 */
@Injectable()
export class InterruptedRuns {
  readonly #logger = new Logger('Runs');
  #settled = false;

  constructor(
    private readonly runs: RunRepository,
    private readonly turns: TurnRepository,
    private readonly inventory: HostInventory,
    private readonly unadoptable: UnadoptableRuns,
    private readonly adopted: AdoptedRuns,
    private readonly clock: Clock,
  ) {}

  /** Once a process, before its first run and with the engine there. */
  async settle(): Promise<void> {
    if (this.#settled) return;
    const [rows, found] = await Promise.all([this.runs.interrupted(), this.inventory.list()]);
    const there = new Map(found.map((sandbox) => [sandbox.containerId, sandbox]));
    const adopted = await this.#adoptable(rows, there);
    const kept = new Set(adopted.map(({ containerId }) => containerId));
    await this.inventory.clear(found, kept);
    await this.#takeOver(adopted, there);
    const going = new Set(adopted.map(({ run }) => run.id));
    for (const run of rows) if (!going.has(run.id)) await this.#settle(run);
    for (const one of adopted) this.adopted.goOn(one);
    this.#settled = true;
  }

  async #adoptable(
    rows: readonly RunEntity[],
    there: ReadonlyMap<string, FoundSandbox>,
  ): Promise<AdoptableRun[]> {
    const adopted: AdoptableRun[] = [];
    for (const run of rows) {
      if (run.status !== 'running' || run.outcome !== null) continue;
      if (there.get(run.containerId ?? '')?.runId !== run.id) continue;
      const turn = await this.turns.find(run.id, run.turn);
      const taken = { run, own: turn && ownRequest(turn) };
      const one = adoptable(taken, await this.runs.keptCommand(run.id));
      if (one !== null) adopted.push(one);
    }
    return adopted;
  }

  /** Without a fence they are ended, as all are when it breaks. */
  async #takeOver(
    adopted: readonly AdoptableRun[],
    there: ReadonlyMap<string, FoundSandbox>,
  ): Promise<void> {
    const addresses = adopted.map((one): KeptAddress => {
      const out = one.limits.networkAccess || (one.limits.credentialRoutes ?? []).length > 0;
      const open = out && there.get(one.containerId)?.running === true;
      return { ...turnOf(one), at: one.at, openSeconds: open ? this.#secondsLeft(one) : null };
    });
    try {
      await this.inventory.takeOver(addresses);
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'control_unavailable') throw error;
      this.#logger.error(`commands that run cannot be fenced again: ${error.message}`);
      for (const one of adopted) one.unfenced = one.at.mode !== 'none';
    }
  }

  #secondsLeft(one: AdoptableRun): number {
    return Math.max(0, Math.ceil(msLeft(one, this.clock.now()) / 1000));
  }

  /** One row that cannot be settled must not keep all other runs waiting. */
  async #settle(run: RunEntity): Promise<void> {
    try {
      await this.unadoptable.settle(run);
    } catch (error) {
      if (error instanceof DomainError) throw error;
      this.#logger.error(`run ${run.id} cannot be settled`, error);
    }
  }
}

/** Whom the gateway serves at its address. */
function turnOf({ run, limits, sealed }: AdoptableRun): Omit<KeptAddress, 'at' | 'openSeconds'> {
  const { policy } = JSON.parse(run.request) as RunRequest;
  const asked = policy?.egressAllowlist ?? [];
  const requested = asked.length === 0 ? null : asked;
  const { networkAccess, credentialRoutes: routes = [] } = limits;
  const routesOnly = !networkAccess;
  return { runId: run.id, turn: run.turn, requested, routes, routesOnly, values: { sealed } };
}
