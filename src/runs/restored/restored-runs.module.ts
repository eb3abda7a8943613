import { Module } from '@nestjs/common';

import { RunListeners } from '../run-listener.js';
import { RunStates } from '../run-states.js';
import { RunRepository } from '../run.repository.js';
import { TurnRepository } from '../turns/turn.repository.js';
import { RestoredRuns } from './restored-runs.js';

/** What a restore does with runs; it needs neither an engine nor a network. */
@Module({
  providers: [RestoredRuns, RunListeners, RunRepository, RunStates, TurnRepository],
  exports: [RestoredRuns],
})
export class RestoredRunsModule {}
