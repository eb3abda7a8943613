import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';

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

  /** The trail, newest first. */
  @Get()
  @ApiRead('validation_failed', 'invalid_cursor')
  @ApiOkResponse({ type: AuditPage })
  async list(@Query() query: AuditQuery): Promise<AuditPage> {
    const { cursor, limit, from, to, ...exact } = query;
    const filter = { ...exact, ...milliseconds('from', from), ...milliseconds('to', to) };
    const page = await this.log.page(filter, limit, cursor);
    return { items: page.items.map(viewOf), nextCursor: page.nextCursor };
  }

  /** Recomputes the hash chain and names the first broken link. */
  @Get('verify')
  @ApiRead('validation_failed', 'write_unauthorized', 'write_forbidden', 'shutting_down')
  @WriteWithParameter('full')
  @ApiOkResponse({ type: VerificationView })
  async verify(@Query() query: VerifyQuery): Promise<VerificationView> {
    return this.verifier.verify(query.full === 'true');
  }
}

function milliseconds<K extends 'from' | 'to'>(name: K, time?: string): { [key in K]?: number } {
  return (time === undefined ? {} : { [name]: Date.parse(time) }) as { [key in K]?: number };
}
