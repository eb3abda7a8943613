import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';

import { DomainError } from '../kernel/domain-error.js';
import { Access, Audited, FailsWith, RateGroup } from '../kernel/route-metadata.js';
import { Liveness, ReadinessReport } from './dto/readiness.dto.js';
import { ReadinessReports } from './readiness-report.js';

@ApiTags('operations')
@Controller()
export class HealthController {
  constructor(private readonly reports: ReadinessReports) {}

  /** The process runs and answers. */
  @Get('healthz')
  @Access('public')
  @RateGroup('none')
  @Audited('none')
  live(): Liveness {
    return { status: 'ok' };
  }

  /** Whether the service should get traffic; a part that does not work but may wait is `degraded`. */
  @Get('readyz')
  @Access('public')
  @RateGroup('none')
  @Audited('none')
  @FailsWith('not_ready')
  async ready(): Promise<ReadinessReport> {
    const report = await this.reports.current();
    if (report.status !== 'failed') return report;
    throw new DomainError('not_ready', 'The service cannot serve', {
      details: report.checks
        .filter((check) => check.status !== 'ok')
        .map((check) => ({ field: check.name, message: check.reason ?? check.status })),
    });
  }
}
