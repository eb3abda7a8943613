import { setTimeout as sleep } from 'node:timers/promises';

import { Injectable, Logger } from '@nestjs/common';

import { Clock } from '../../kernel/clock.js';
import { AdoptStep } from '../adoption/adopt.step.js';
import type { AdoptableRun } from '../adoption/adoptable-run.js';
import { CommandEnding } from '../command-ending.js';
import { DiskWatch } from '../disk-watch.js';
import { OutputRecording } from '../output/output-recording.js';
import type { RecordingProgress } from '../output/patient-output-log.js';
import type { NetworkPlace } from '../network-place.js';
import type { CommandEnd } from '../run-outcome.js';
import type { RunSession } from '../run-session.js';
import type { RunningCommand } from '../running-command.js';
import { SandboxHost } from '../sandbox-host.js';
import { BeginStep } from './begin.step.js';
import type { PreparedRun } from './prepare.step.js';

/** How long after the end of the command nothing may come before its output counts as cut off. */
const DRAIN_MS = 10_000;
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
    return this.#see(session, command, () => sandbox.start(frame.bytes, frame.nonce));
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
    const disk = new DiskWatch(this.host.disk, session, limits.workspaceBytes, () =>
      limits.rootWritable ? sandbox.writtenBytes() : Promise.resolve(0),
    );
    const unwatch = this.host.network.watch(place, () => session.end('fence_broken'));
    const timer = this.#endAt(command.deadline, session);
    try {
      await start();
      // From now on there is a process that a signal reaches.
      ending = new CommandEnding(session, sandbox);
      // The bridge's new port came with the start.
      void this.host.network.recheck(place, () => session.end('fence_broken'));
      disk.start();
      const output = this.#record(session, command);
      const exit = await unlessLeft(session, sandbox.wait(), output);
      clearTimeout(timer);
      ending.over();
      const outOfMemory = sandbox.outOfMemory();
      await this.#close(session, place);
      if (output === null) await cancelledOrLeft(session);
      const { endedBy } = session;
      const outputWhole = output !== null && (await this.#drained(session, output));
      if (exit.error) this.#logger.warn(`run ${session.run.id}: the engine says: ${exit.error}`);
      const { exitCode, gone } = exit;
      const oomKilled = await outOfMemory;
      const acknowledged = exit.acknowledged || command.begun;
      const engineWasAway = exit.engineOutage || command.engineWasAway;
      return { exitCode, oomKilled, acknowledged, gone, engineWasAway, endedBy, outputWhole };
    } finally {
      clearTimeout(timer);
      unwatch();
      disk.stop();
      ending?.over();
    }
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

  #record(session: RunSession, { sandbox, output }: RunningCommand): Recorded | null {
    if (output === null) return null;
    const progress = { pieces: 0, waits: false };
    const pieces = sandbox.output(session.leaving, output.rotated);
    const done = this.recording.record(session, { pieces, output }, progress).then(
      () => null,
      // It may fail long before anybody waits for it.
      (error: unknown) => ({ error }),
    );
    return { done, progress };
  }
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
