import { Global, Module } from '@nestjs/common';

import { Clock, SystemClock } from './clock.js';
import { HardeningChecks } from './hardening.js';
import { ReadinessProbes } from './readiness.js';
import { RetentionTasks } from './retention.js';
import { RuntimeFacts } from './runtime-facts.js';
import { StorageTimings } from './storage-timings.js';

@Global()
@Module({
  providers: [
    { provide: Clock, useClass: SystemClock },
    HardeningChecks,
    ReadinessProbes,
    RetentionTasks,
    RuntimeFacts,
    StorageTimings,
  ],
  exports: [Clock, HardeningChecks, ReadinessProbes, RetentionTasks, RuntimeFacts, StorageTimings],
})
export class KernelModule {}
