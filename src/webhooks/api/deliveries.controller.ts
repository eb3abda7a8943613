import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';

import { RequestOrigin } from '../../http/origin.decorator.js';
import type { Page } from '../../http/pagination.js';
import type { Origin } from '../../kernel/origin.js';
import { ApiRead, ApiWrite } from '../../kernel/route-metadata.js';
import { DeliveriesService } from '../deliveries.service.js';
import { DispatchDecisionView } from '../dispatch/decision-view.dto.js';
import { detailOf, viewOf } from './delivery-view.js';
import {
  DeliveryDetailView,
  DeliveryPage,
  DeliveryView,
  ListDeliveriesQuery,
  ReplayQuery,
} from './delivery.dto.js';

const DELIVERY_PARAM = {
  name: 'id',
  description: 'The `id` of a delivery in the inbox',
  schema: { type: 'string', example: '01K8Z3Q5V7W9X1Y3Z5A7B9C1D3' },
} as const;

@ApiTags('webhooks')
@Controller('api/v1/webhooks/deliveries')
export class DeliveriesController {
  constructor(private readonly deliveries: DeliveriesService) {}

  /** The newest first. Filters are exact and may be combined; `status=failed` are the dead letters. */
  @Get()
  @ApiRead('validation_failed', 'invalid_cursor')
  @ApiOperation({ summary: 'List deliveries' })
  @ApiOkResponse({ description: 'A page of deliveries', type: DeliveryPage })
  async list(@Query() query: ListDeliveriesQuery): Promise<Page<DeliveryView>> {
    const { items, nextCursor } = await this.deliveries.page(query);
    return { items: items.map(viewOf), nextCursor };
  }

  /** One delivery with the body that its sender signed. */
  @Get(':id')
  @ApiRead('delivery_not_found')
  @ApiOperation({ summary: 'Show a delivery' })
  @ApiParam(DELIVERY_PARAM)
  @ApiOkResponse({ description: 'The delivery as it is now', type: DeliveryDetailView })
  async get(@Param('id') id: string): Promise<DeliveryDetailView> {
    return detailOf(await this.deliveries.get(id));
  }

  /**
   * Has a settled delivery handled once more, by the rules of now. What came of it before stays as it
   * is, and it undoes nothing of what is newer. With `dryRun=true` nothing is done: the answer says what
   * the rules would do.
   */
  @Post(':id/replay')
  @HttpCode(200)
  @ApiWrite(
    'webhook.replayed',
    'validation_failed',
    'delivery_not_found',
    'delivery_pending',
    'storage_busy',
    'storage_unavailable',
  )
  @ApiOperation({ summary: 'Handle a delivery again' })
  @ApiParam(DELIVERY_PARAM)
  @ApiExtraModels(DeliveryView, DispatchDecisionView)
  @ApiOkResponse({
    description: 'The delivery, which waits to be handled; with `dryRun=true` the decision',
    schema: {
      oneOf: [{ $ref: getSchemaPath(DeliveryView) }, { $ref: getSchemaPath(DispatchDecisionView) }],
    },
  })
  async replay(
    @Param('id') id: string,
    @Query() { dryRun }: ReplayQuery,
    @RequestOrigin() origin: Origin,
  ): Promise<DeliveryView | DispatchDecisionView> {
    if (dryRun === 'true') return this.deliveries.preview(id);
    return viewOf(await this.deliveries.replay(origin, id));
  }
}
