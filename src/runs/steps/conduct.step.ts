import { setTimeout as sleep } from 'node:timers/promises';

import { Injectable, Logger } from '@nestjs/common';

import { Clock } from '../../kernel/clock.js';
import { SYSTEM_ORIGIN } from '../../kernel/origin.js';
import { Transactions } from '../../persistence/transactions.js';
import type { Sandbox } from '../../sandbox/sandbox.js';
import { CommandEnding } from '../command-ending.js';
import { DiskWatch } from '../disk-watch.js';
import { OutputRecording } from '../output/output-recording.js';
import type { NetworkPlace } from '../run-network.js';
import type { CommandEnd } from '../run-outcome.js';
import type { RunSession } from '../run-session.js';
import { RunRepository } from '../run.repository.js';
import { SandboxHost } from '../sandbox-host.js';
import type { PreparedRun } from './prepare.step.js';

/** How long after the end of the command nothing may come before its output counts as cut off. */
const DRAIN_MS = 10_000;
const LATE = { error: 'it did not end' };

/** Output on its way into the log. */
interface Recorded {
  /** Resolves when it has ended: `null` when all of it is stored. */
  done: Promise<{ error: unknown } | null>;
  progress: { pieces: number };
}

/** The run was cancelled before its command began. */
export class NeverBegunError extends Error {}

/** `running`: from the frame that starts the command to the last of its output. */
@Injectable()
export class ConductStep {
  readonly #logger = new Logger('Runs');

  constructor(
    private readonly transactions: Transactions,
    private readonly runs: RunRepository,
    private readonly host: SandboxHost,
    private readonly recording: OutputRecording,
    private readonly clock: Clock,
  ) {}

  /**
   * Starts the prepared command and sees it to its end.
   *
   * @throws NeverBegunError when the run was ended before; DomainError when it could not be started.
   */
  async run(session: RunSession, prepared: PreparedRun): Promise<CommandEnd> {
    const { policy, place, sandbox, frame } = prepared;
    await this.host.network.open(place, policy);
    await this.#commitStart(session, sandbox);

    let ending: CommandEnding | null = null;
    const disk = new DiskWatch(this.host.disk, session, policy.resources.workspace, () =>
      policy.rootWritable ? sandbox.writtenBytes() : Promise.resolve(0),
    );
    const unwatch = this.host.network.watch(place, () => session.end('fence_broken'));
    const timer = setTimeout(() => session.end('timeout'), policy.timeoutSeconds * 1000);
    try {
      await sandbox.start(frame.bytes, frame.nonce);
      // From now on there is a process that a signal reaches.
      ending = new CommandEnding(session, sandbox);
      // The bridge's new port came with the start.
      void this.host.network.recheck(place, () => session.end('fence_broken'));
      disk.start();
      const output = this.#record(session, sandbox);
      const exit = await sandbox.wait();
      const { endedBy } = session;
      ending.over();
      await this.#close(session, place);
      const outputWhole = await this.#drained(session, output);
      if (exit.error) this.#logger.warn(`run ${session.run.id}: the engine says: ${exit.error}`);
      const { exitCode, oomKilled, acknowledged, gone, engineOutage: engineWasAway } = exit;
      return { exitCode, oomKilled, acknowledged, gone, engineWasAway, endedBy, outputWhole };
    } finally {
      clearTimeout(timer);
      unwatch();
      disk.stop();
      ending?.over();
    }
  }

  /** From this commit on the command may have begun, so it never begins again. */
  async #commitStart(session: RunSession, sandbox: Sandbox): Promise<void> {
    const { id, issue } = session.run;
    await this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
      const current = await this.runs.findIn(tx.manager, id);
      if (session.endedBy !== null || current === null || current.cancelRequestedAt !== null)
        throw new NeverBegunError();
      await this.runs.transition(tx.manager, id, 'running', {
        runningAt: this.clock.now(),
        containerId: sandbox.containerId,
        sandboxReport: JSON.stringify(sandbox.report),
      });
      tx.audit({ action: 'run.started', target: id, details: { issue } });
    });
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
      if (failure === null) return true;
      if (failure === LATE && recorded.progress.pieces > before) continue;
      this.#logger.error(`run ${session.run.id}: its output is not whole`, failure.error);
      return false;
    }
  }

  #record(session: RunSession, sandbox: Sandbox): Recorded {
    const progress = { pieces: 0 };
    const done = this.recording.record(session, sandbox.output(), progress).then(
      () => null,
      // It may fail long before anybody waits for it.
      (error: unknown) => ({ error }),
    );
    return { done, progress };
  }
}
