import { Injectable } from '@nestjs/common';

import { Settings } from '../../config/settings.js';
import { Clock } from '../../kernel/clock.js';
import { RunChanges } from '../run-changes.js';
import type { RunSession } from '../run-session.js';
import type { CommandOutput } from '../running-command.js';
import { OutputLog } from './output-log.js';
import { OutputRecorder, type PrintedPiece } from './output-recorder.js';
import { PatientOutputAppender, type RecordingProgress } from './patient-output-log.js';

/** Brings what a sandbox prints into the output log of its run. */
@Injectable()
export class OutputRecording {
  constructor(
    private readonly settings: Settings,
    private readonly log: OutputLog,
    private readonly changes: RunChanges,
    private readonly clock: Clock,
  ) {}

  /**
   * Resolves when the output has ended and all of it is stored, or the session left and all of it
   * that is decided is; counts its pieces as they come, and waits for a disk that takes them.
   */
  async record(
    session: RunSession,
    printed: { pieces: AsyncIterable<PrintedPiece>; output: CommandOutput },
    progress: RecordingProgress,
  ): Promise<void> {
    const runId = session.run.id;
    const patience = { signal: session.leaving, progress };
    const appender = await PatientOutputAppender.open(this.log, runId, patience);
    try {
      const recorder = new OutputRecorder(appender, {
        turn: session.run.turn,
        values: printed.output.masked,
        limitBytes: this.settings.runs.outputLimit,
        goesOn: printed.output.rotated !== null,
        notice: printed.output.notice,
        startedAt: this.clock.now(),
        onStored: () => this.changes.notify(runId),
      });
      for await (const piece of printed.pieces) {
        progress.pieces += 1;
        await recorder.write(piece);
        // What comes after the limit is not stored, so it is not read either.
        if (recorder.full) break;
      }
      if (session.leaving.aborted) await recorder.pause();
      else await recorder.end(this.clock.now());
    } finally {
      await appender.close();
    }
  }
}
