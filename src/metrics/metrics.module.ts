import { Global, Module } from '@nestjs/common';

import { HttpMetrics } from './http-metrics.js';
import { MetricsController } from './metrics.controller.js';
import { Metrics } from './metrics.js';
import { StorageMetrics } from './storage-metrics.js';

@Global()
@Module({
  controllers: [MetricsController],
  providers: [Metrics, HttpMetrics, StorageMetrics],
  exports: [Metrics],
})
export class MetricsModule {}
