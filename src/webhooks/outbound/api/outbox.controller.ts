import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';

import { ApiRead } from '../../../kernel/route-metadata.js';
import { OutboxList } from '../outbox-list.js';
import { ListOutboxQuery, OutboxPage } from './outbox.dto.js';

@ApiTags('webhooks')
@Controller('api/v1/webhooks/outbox')
export class OutboxController {
  constructor(private readonly outbox: OutboxList) {}

  /** The newest first. Filters are exact and may be combined. */
  @Get()
  @ApiRead('validation_failed', 'invalid_cursor')
  @ApiOperation({ summary: 'List what others are told of runs' })
  @ApiOkResponse({ description: 'A page of messages', type: OutboxPage })
  list(@Query() query: ListOutboxQuery): Promise<OutboxPage> {
    const { status, run: runId, cursor, limit } = query;
    return this.outbox.page({ status, runId, cursor, limit });
  }
}
