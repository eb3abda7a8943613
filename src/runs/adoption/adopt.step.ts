import { Injectable, Logger } from '@nestjs/common';

import { Clock } from '../../kernel/clock.js';
import type { Sandbox, SandboxState } from '../../sandbox/sandbox.js';
import type { SandboxReport } from '../../sandbox/sandbox-report.js';
import { logMarkOf } from '../output/log-mark-of.js';
import { pastFaults } from '../passing-fault.js';
import type { NetworkPlace } from '../network-place.js';
import { KILLED_BY_SIGNAL } from '../run-outcome.js';
import type { RunSession } from '../run-session.js';
import { RunRepository } from '../run.repository.js';
import type { RunningCommand } from '../running-command.js';
import { SandboxHost } from '../sandbox-host.js';
import {
  CommandLostError,
  CONTAINER_GONE,
  CONVERSATION_LOST,
  msLeft,
  NEVER_SEEN_TO_BEGIN,
  type AdoptableRun,
} from './adoptable-run.js';

import { AdoptedAgents } from './adopted-agents.js';
import { AdoptedOutput } from './adopted-output.js';

/** Takes a command over from an earlier process, as it stands. */
@Injectable()
export class AdoptStep {
  readonly #logger = new Logger('Runs');

  constructor(
    private readonly runs: RunRepository,
    private readonly host: SandboxHost,
    private readonly kept: AdoptedOutput,
    private readonly agents: AdoptedAgents,
    private readonly clock: Clock,
  ) {}

  /**
   * Waits for the engine, the database and the machine as long as it takes, or until the session
   * leaves: what keeps us from looking at a command says nothing about the command.
   *
   * @throws CommandLostError when there is nothing to go on with; the passing fault when the session
   *   left first.
   */
  async run(session: RunSession, adoptable: AdoptableRun): Promise<RunningCommand> {
    const { run, containerId, nonce } = adoptable;
    const report = JSON.parse(run.sandboxReport ?? '{}') as SandboxReport;
    const sandbox = this.host.sandboxes.adopt(containerId, { report, nonce });
    const place = this.host.network.placeOf(run.id, adoptable.at);
    const gatewayPassword = this.host.network.credentials(place, run.id, run.turn)?.password;
    Object.assign(session, { sandbox, place, gatewayPassword });
    const command = await pastFaults(
      session.leaving,
      () => this.#takeOver(session, adoptable, { sandbox, place }),
      (error) => this.#logger.warn(`run ${run.id} cannot be taken over yet; it runs on`, error),
    );
    this.#logger.log(`run ${run.id} goes on from where an earlier service left it`);
    return command;
  }

  /** May be repeated: what it does beside looking comes last. */
  async #takeOver(
    session: RunSession,
    adoptable: AdoptableRun,
    { sandbox, place }: { sandbox: Sandbox; place: NetworkPlace },
  ): Promise<RunningCommand> {
    const { limits } = adoptable;
    const agentTurn = await this.agents.takeOver(session);
    const head = await sandbox.head();
    const state = await sandbox.state();
    if (state === null) throw new CommandLostError(CONTAINER_GONE);
    const stored = await this.kept.lastStored(session);
    if (head === 'silent' && stored === null) throw new CommandLostError(NEVER_SEEN_TO_BEGIN);
    const engineWasAway = await this.#engineWasAway(sandbox, state);
    const rotated = head === 'acknowledged' ? null : { mark: logMarkOf(stored) };
    if (agentTurn !== null && rotated !== null) throw new CommandLostError(CONVERSATION_LOST);
    const output = await this.kept.output(session, rotated);
    await this.#end(session, adoptable, state);
    return {
      sandbox,
      place,
      limits,
      deadline: state.endedAt === null ? this.clock.monotonicMs() + this.#msLeft(adoptable) : null,
      output,
      begun: true,
      agentTurn,
      printedUntil: agentTurn && (await sandbox.lastPrinted()),
      engineWasAway,
    };
  }

  /** Says again what was said before, or came true while nobody watched. The first counts. */
  async #end(session: RunSession, adoptable: AdoptableRun, state: SandboxState): Promise<void> {
    // Read anew: from now on a cancellation reaches the session by itself.
    const cancelledAt = (await this.runs.find(adoptable.run.id))?.cancelRequestedAt ?? null;
    const endedAt = state.endedAt ?? Infinity;
    if (cancelledAt !== null && cancelledAt <= endedAt) session.end('cancel');
    // When it ended is a matter of the clock; where its time is not over even now, it was in time.
    const late = endedAt >= deadlineOf(adoptable) && this.#msLeft(adoptable) <= 0;
    if (state.endedAt !== null && late) session.end('timeout');
    if (state.endedAt === null && adoptable.unfenced) session.end('fence_broken');
  }

  #msLeft(adoptable: AdoptableRun): number {
    return msLeft(adoptable, this.clock.now());
  }

  /** Asked only where it decides: an engine that comes back kills what it finds. */
  async #engineWasAway(sandbox: Sandbox, { endedAt, exitCode }: SandboxState): Promise<boolean> {
    if (endedAt === null || !KILLED_BY_SIGNAL.has(exitCode)) return false;
    return sandbox.engineMayHaveRestarted();
  }
}

function deadlineOf({ runningAt, limits }: AdoptableRun): number {
  return runningAt + limits.timeoutSeconds * 1000;
}
