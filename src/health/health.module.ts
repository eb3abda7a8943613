import { Module } from '@nestjs/common';

import { HealthController } from './health.controller.js';
import { ReadinessReports } from './readiness-report.js';
import { RuntimeController } from './runtime.controller.js';

@Module({
  controllers: [HealthController, RuntimeController],
  providers: [ReadinessReports],
})
export class HealthModule {}
