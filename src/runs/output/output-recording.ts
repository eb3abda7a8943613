import { Injectable } from '@nestjs/common';

import { Settings } from '../../config/settings.js';
import { Clock } from '../../kernel/clock.js';
import { RunChanges } from '../run-changes.js';
import type { RunSession } from '../run-session.js';
import type { CommandOutput } from '../running-command.js';
import { OutputLog } from './output-log.js';
import { OutputRecorder, type PrintedPiece } from './output-recorder.js';
import { PatientOutputAppender, type RecordingProgress } from './patient-output-log.js';

/** Reads what a command prints, beside its being stored. */
export interface OutputReaderBeside {
  /** Before the first piece. */
  begin(recorder: OutputRecorder): void;
  /** Once it was handed to the recorder. */
  read(piece: PrintedPiece): Promise<void>;
  /** Nothing is printed any more; resolves when it has nothing more to record. */
  end(at: number): Promise<void>;
}

export interface Printed {
  pieces: AsyncIterable<PrintedPiece>;
  output: CommandOutput;
  reader: OutputReaderBeside | null;
}

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
    { pieces, output, reader }: Printed,
    progress: RecordingProgress,
  ): Promise<void> {
    const runId = session.run.id;
    const patience = { signal: session.leaving, progress };
    const appender = await PatientOutputAppender.open(this.log, runId, patience);
    try {
      const recorder = new OutputRecorder(appender, {
        turn: session.run.turn,
        values: output.masked,
        limitBytes: this.settings.runs.outputLimit,
        goesOn: output.rotated !== null,
        notice: output.notice,
        startedAt: this.clock.now(),
        attempt: session.agent?.number,
        onStored: () => this.changes.notify(runId),
      });
      reader?.begin(recorder);
      for await (const piece of pieces) {
        progress.pieces += 1;
        await recorder.write(piece);
        await reader?.read(piece);
        // What comes after the limit is not stored, so it is not read either, but by an agent's driver.
        if (recorder.full && !reader) break;
      }
      if (session.leaving.aborted) return await recorder.pause();
      await reader?.end(this.clock.now());
      await recorder.end(this.clock.now());
    } finally {
      await appender.close();
    }
  }
}
