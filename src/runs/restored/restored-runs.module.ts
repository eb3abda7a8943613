import { Module } from '@nestjs/common';

import { RunRepository } from '../run.repository.js';
import { RestoredRuns } from './restored-runs.js';

/** What a restore does with runs; it needs neither an engine nor a network. */
@Module({
  providers: [RestoredRuns, RunRepository],
  exports: [RestoredRuns],
})
export class RestoredRunsModule {}
