import { Global, Module } from '@nestjs/common';

import { Clock, SystemClock } from './clock.js';
import { ReadinessProbes } from './readiness.js';
import { RuntimeFacts } from './runtime-facts.js';

@Global()
@Module({
  providers: [{ provide: Clock, useClass: SystemClock }, ReadinessProbes, RuntimeFacts],
  exports: [Clock, ReadinessProbes, RuntimeFacts],
})
export class KernelModule {}
