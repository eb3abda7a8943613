import { setTimeout as sleep } from 'node:timers/promises';

import { Injectable, Logger } from '@nestjs/common';

import { Clock } from '../../kernel/clock.js';
import { AdoptStep } from '../adoption/adopt.step.js';
import type { AdoptableRun } from '../adoption/adoptable-run.js';
import { AgentConduct } from '../agents/agent-conduct.js';
import type { DrivenAgent } from '../agents/driven-agent.js';
import { CommandEnding } from '../command-ending.js';
import { DiskWatch } from '../disk-watch.js';
import { OutputRecording } from '../output/output-recording.js';
import type { RecordingProgress } from '../output/patient-output-log.js';
import type { NetworkPlace } from '../network-place.js';
import type { AgentEnd, CommandEnd } from '../run-outcome.js';
import type { RunSession } from '../run-session.js';
import type { RunningCommand } from '../running-command.js';
import { SandboxHost } from '../sandbox-host.js';
import { BeginStep } from './begin.step.js';
import type { PreparedRun } from './prepare.step.js';

/** How long after the end of the command nothing may come before its output counts as cut off. */
const DRAIN_MS = 10_000;
/** How long an agent's driver may take to have it end by itself before it is signalled. */
const ASKED_MS = 5000;
const LATE = { error: 'it did not end' };

/** Output on its way into the log. */
interface Recorded {
  /** Resolves when it has ended: `null` when all that was to be stored is. */
  done: Promise<{ error: unknown } | null>;
  progress: RecordingProgress;
}

/** The service stops and leaves the command running: another one adopts it. */
export class LeftRunningError extends Error {}

/** `running`: from the frame that starts the command to the last of its output. */
@Injectable()
export class ConductStep {
  readonly #logger = new Logger('Runs');

  constructor(
    private readonly begin: BeginStep,
    private readonly adoption: AdoptStep,
    private readonly host: SandboxHost,
    private readonly recording: OutputRecording,
    private readonly agents: AgentConduct,
    private readonly clock: Clock,
  ) {}

  /**
   * Starts the prepared command and sees it to its end.
   *
   * @throws NeverBegunError, NotCommittedError, LeftRunningError; DomainError when it could not be started.
   */
  async run(session: RunSession, prepared: PreparedRun): Promise<CommandEnd> {
    const { sandbox, frame } = prepared;
    const command = await this.begin.run(session, prepared);
    const { bytes, nonce, keepInput } = frame;
    return this.#see(session, command, () => sandbox.start(bytes, nonce, keepInput));
  }

  /**
   * Sees a command to its end that an earlier process began.
   *
   * @throws CommandLostError, LeftRunningError
   */
  async adopt(session: RunSession, adoptable: AdoptableRun): Promise<CommandEnd> {
    const command = await this.adoption.run(session, adoptable);
    return this.#see(session, command, () => Promise.resolve());
  }

  async #see(
    session: RunSession,
    command: RunningCommand,
    start: () => Promise<void>,
  ): Promise<CommandEnd> {
    const { sandbox, place, limits } = command;
    let ending: CommandEnding | null = null;
    let agent: DrivenAgent | null = null;
    const disk = new DiskWatch(this.host.disk, session, limits.workspaceBytes, () =>
      limits.rootWritable ? sandbox.writtenBytes() : Promise.resolve(0),
    );
    const unwatch = this.host.network.watch(place, () => session.end('fence_broken'));
    const timer = this.#endAt(command.deadline, session);
    try {
      await start();
      // From now on there is a process that a signal reaches.
      agent = this.agents.drive(session, command);
      ending = new CommandEnding(session, sandbox, agent === null ? 0 : ASKED_MS);
      agent?.onConcluded(() => ending?.dismiss());
      // The bridge's new port came with the start.
      void this.host.network.recheck(place, () => session.end('fence_broken'));
      disk.start();
      const output = this.#record(session, command, agent);
      const exit = await unlessLeft(session, sandbox.wait(), output);
      clearTimeout(timer);
      const dismissed = agent?.concluded === true;
      const ranMs = this.#ranMs(command);
      ending.over();
      agent?.over(exit.gone ? null : exit.exitCode);
      const outOfMemory = sandbox.outOfMemory();
      await this.#close(session, place);
      if (output === null) await cancelledOrLeft(session);
      const outputWhole = output !== null && (await this.#drained(session, output));
      if (exit.error) this.#logger.warn(`run ${session.run.id}: the engine says: ${exit.error}`);
      const { exitCode, gone } = exit;
      const oomKilled = await outOfMemory;
      const acknowledged = exit.acknowledged || command.begun;
      const engineWasAway = exit.engineOutage || command.engineWasAway;
      const how = { exitCode, oomKilled, acknowledged, gone, engineWasAway, outputWhole };
      return { ...how, ...endOf(session, agent, { dismissed, ranMs }) };
    } finally {
      clearTimeout(timer);
      unwatch();
      disk.stop();
      ending?.over();
      agent?.letGo();
    }
  }

  /** Of one that had ended before it was taken over nobody knows. */
  #ranMs({ limits, deadline }: RunningCommand): number {
    if (deadline === null) return 0;
    return limits.timeoutSeconds * 1000 - (deadline - this.clock.monotonicMs());
  }

  #endAt(deadline: number | null, session: RunSession): NodeJS.Timeout | undefined {
    if (deadline === null) return undefined;
    return setTimeout(
      () => session.end('timeout'),
      Math.max(0, deadline - this.clock.monotonicMs()),
    );
  }

  /** A fence that fails now changes nothing about how the command ended. `FinishStep` tries again. */
  async #close(session: RunSession, place: NetworkPlace): Promise<void> {
    try {
      await this.host.network.close(place);
    } catch (error) {
      this.#logger.error(`run ${session.run.id}: its address could not be closed yet`, error);
    }
  }

  /** Whether all output was stored. Output that still comes is waited for, however much it is. */
  async #drained(session: RunSession, recorded: Recorded): Promise<boolean> {
    for (;;) {
      const before = recorded.progress.pieces;
      const failure = await Promise.race([recorded.done, sleep(DRAIN_MS, LATE, { ref: false })]);
      if (session.leaving.aborted) throw new LeftRunningError();
      if (failure === null) return true;
      const { pieces, waits } = recorded.progress;
      if (failure === LATE && (pieces > before || waits)) continue;
      this.#logger.error(`run ${session.run.id}: its output is not whole`, failure.error);
      return false;
    }
  }

  #record(
    session: RunSession,
    { sandbox, output, printedUntil }: RunningCommand,
    agent: DrivenAgent | null,
  ): Recorded | null {
    if (output === null) return null;
    const progress = { pieces: 0, waits: false };
    const border = printedUntil ?? undefined;
    const pieces = sandbox.output(session.leaving, output.rotated, border);
    const done = this.recording.record(session, { pieces, output, reader: agent }, progress).then(
      () => null,
      // It may fail long before anybody waits for it.
      (error: unknown) => ({ error }),
    );
    return { done, progress };
  }
}

/** What was first counts: that we ended it, or its driver's verdict. */
function endOf(
  session: RunSession,
  agent: DrivenAgent | null,
  how: Pick<AgentEnd, 'dismissed' | 'ranMs'>,
): Pick<CommandEnd, 'endedBy' | 'agent'> {
  if (agent === null) return { endedBy: session.endedBy, agent: null };
  const { verdict, endedBy } = agent.outcome;
  return { endedBy, agent: { verdict, ...how } };
}

/** When the session leaves, what was read of the output is stored before the answer. */
async function unlessLeft<T>(
  session: RunSession,
  work: Promise<T>,
  output: Recorded | null,
): Promise<T> {
  const result = await Promise.race([work, left(session)]);
  if (result !== LEFT) return result;
  await output?.done;
  throw new LeftRunningError();
}

/** For a command that has ended and whose output may not be shown: only its owner can give it up. */
async function cancelledOrLeft(session: RunSession): Promise<void> {
  const ended = new Promise<void>((resolve) => session.onEnd(() => resolve()));
  if ((await Promise.race([ended, left(session)])) === LEFT) throw new LeftRunningError();
}

const LEFT = Symbol('left');

function left({ leaving }: RunSession): Promise<typeof LEFT> {
  if (leaving.aborted) return Promise.resolve(LEFT);
  return new Promise((resolve) => {
    leaving.addEventListener('abort', () => resolve(LEFT), { once: true });
  });
}
