import { Global, Module } from '@nestjs/common';

import { HttpMetrics } from './http-metrics.js';
import { MetricsController } from './metrics.controller.js';
import { Metrics } from './metrics.js';

@Global()
@Module({
  controllers: [MetricsController],
  providers: [Metrics, HttpMetrics],
  exports: [Metrics],
})
export class MetricsModule {}
