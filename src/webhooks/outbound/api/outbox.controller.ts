import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';

import { RequestOrigin } from '../../../http/origin.decorator.js';
import type { Origin } from '../../../kernel/origin.js';
import { ApiRead, ApiWrite } from '../../../kernel/route-metadata.js';
import { OutboxList } from '../outbox-list.js';
import { ListOutboxQuery, OutboxMessageView, OutboxPage } from './outbox.dto.js';

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

  /**
   * Has a message sent that was given up or skipped, with as many attempts as a new one: for when what
   * was wrong has been put right. A comment that was made is not made again. Refused where it would move
   * an issue back that a newer message has moved on.
   */
  @Post(':id/resend')
  @HttpCode(200)
  @ApiWrite(
    'outbound.resent',
    'message_not_found',
    'message_not_given_up',
    'message_overtaken',
    'storage_busy',
    'storage_unavailable',
  )
  @ApiOperation({ summary: 'Send a message again' })
  @ApiParam({
    name: 'id',
    description: 'The `id` of a message in the outbox',
    schema: { type: 'string', example: '01K8Z3Q5V7W9X1Y3Z5A7B9C1D3' },
  })
  @ApiOkResponse({ description: 'The message, which waits to be sent', type: OutboxMessageView })
  resend(@Param('id') id: string, @RequestOrigin() origin: Origin): Promise<OutboxMessageView> {
    return this.outbox.resend(origin, id);
  }
}
