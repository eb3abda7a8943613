import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';

import { ApiRead, WriteWithParameter } from '../kernel/route-metadata.js';
import { AuditLog } from './audit-log.js';
import { AuditVerifier } from './audit-verifier.js';
import { AuditQuery, VerifyQuery } from './dto/audit-query.js';
import { AuditPage, VerificationView, viewOf } from './dto/audit-view.js';

@ApiTags('audit')
@Controller('api/v1/audit')
export class AuditController {
  constructor(
    private readonly log: AuditLog,
    private readonly verifier: AuditVerifier,
  ) {}

  /**
   * Newest first. Filters are exact and may be combined; each row holds the hash of the row before.
   */
  @Get()
  @ApiOperation({ summary: 'List changes' })
  @ApiRead('validation_failed', 'invalid_cursor')
  @ApiOkResponse({ description: 'A page of the trail', type: AuditPage })
  async list(@Query() query: AuditQuery): Promise<AuditPage> {
    const { cursor, limit, from, to, ...exact } = query;
    const filter = { ...exact, ...milliseconds('from', from), ...milliseconds('to', to) };
    const page = await this.log.page(filter, limit, cursor);
    return { items: page.items.map(viewOf), nextCursor: page.nextCursor };
  }

  /**
   * Recomputes the hash chain from the last checkpoint and names the first broken link. `full=true`
   * starts at the first row; it costs more, so it needs write access. A broken trail is an answer
   * with `ok: false`, not an error.
   */
  @Get('verify')
  @ApiOperation({ summary: 'Verify the trail' })
  @ApiRead('validation_failed', 'write_unauthorized', 'write_forbidden', 'shutting_down')
  @WriteWithParameter('full')
  @ApiOkResponse({ description: 'What was found', type: VerificationView })
  async verify(@Query() query: VerifyQuery): Promise<VerificationView> {
    return this.verifier.verify(query.full === 'true');
  }
}

function milliseconds<K extends 'from' | 'to'>(name: K, time?: string): { [key in K]?: number } {
  return (time === undefined ? {} : { [name]: Date.parse(time) }) as { [key in K]?: number };
}
