import { Global, Module } from '@nestjs/common';

import { Clock, SystemClock } from './clock.js';
import { ReadinessProbes } from './readiness.js';
import { RuntimeFacts } from './runtime-facts.js';
import { StorageTimings } from './storage-timings.js';

@Global()
@Module({
  providers: [
    { provide: Clock, useClass: SystemClock },
    ReadinessProbes,
    RuntimeFacts,
    StorageTimings,
  ],
  exports: [Clock, ReadinessProbes, RuntimeFacts, StorageTimings],
})
export class KernelModule {}
