import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';

import { DomainError } from '../kernel/domain-error.js';
import { Access, Audited, FailsWith, RateGroup } from '../kernel/route-metadata.js';
import { Liveness, ReadinessReport } from './dto/readiness.dto.js';
import { ReadinessReports } from './readiness-report.js';

@ApiTags('operations')
@Controller()
export class HealthController {
  constructor(private readonly reports: ReadinessReports) {}

  /** Answers as long as the process does, whatever else is broken. For liveness probes. */
  @Get('healthz')
  @ApiOperation({ summary: 'Tell that the process is alive' })
  @ApiOkResponse({ description: 'The process runs and answers', type: Liveness })
  @Access('public')
  @RateGroup('none')
  @Audited('none')
  live(): Liveness {
    return { status: 'ok' };
  }

  /**
   * Whether the service should get traffic. A part that does not work but may wait is `degraded`, and
   * the answer stays 200; when one has failed it is 503. For readiness probes.
   */
  @Get('readyz')
  @ApiOperation({ summary: 'Tell whether the service can serve' })
  @ApiOkResponse({ description: 'It can; the checks tell how well', type: ReadinessReport })
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
