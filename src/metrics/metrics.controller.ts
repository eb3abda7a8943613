import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';

import { ApiRead } from '../kernel/route-metadata.js';
import { Metrics } from './metrics.js';

const METRICS_EXAMPLE = `# HELP process_start_time_seconds Start time of the process since unix epoch in seconds.
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1795435200
`;

@ApiTags('operations')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  /** Prometheus metrics, text format 0.0.4. Point a scraper here; its reads count as any other. */
  @Get()
  @ApiOperation({ summary: 'Show metrics' })
  @ApiRead()
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiOkResponse({
    description: 'All metrics of the service',
    content: { 'text/plain': { schema: { type: 'string' }, example: METRICS_EXAMPLE } },
  })
  read(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
