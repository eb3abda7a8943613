import { Controller, HttpCode, Post, Req, type Type } from '@nestjs/common';
import {
  ApiBody,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';

import { Access, Audited, FailsWith, RateGroup, RawBody } from '../../kernel/route-metadata.js';
import { WebhookIntake } from '../webhook-intake.js';
import type { WebhookSource } from '../webhook-source.js';
import { ReceiptView } from './delivery.dto.js';

const NO_BODY = Buffer.alloc(0);

const NAME_PARAM = {
  name: 'source',
  description: 'The sender’s name below `webhooks.standard` of the settings',
  schema: { type: 'string', example: 'deploys' },
} as const;

/** The route that takes the deliveries of a kind of source. */
export function sourceController(kind: WebhookSource): Type {
  @ApiTags('webhooks')
  @Controller(`webhooks/${kind.name}`)
  class SourceController {
    constructor(private readonly intake: WebhookIntake) {}

    @Post(kind.named ? ':source' : '')
    @HttpCode(200)
    @Access('signed')
    @RateGroup('webhooks')
    @Audited('webhook.received')
    @RawBody()
    @FailsWith(
      'webhook_not_configured',
      'secrets_locked',
      'secret_unreadable',
      'signature_missing',
      'signature_invalid',
      'invalid_payload',
      'invalid_delivery_id',
      'replay_rejected',
      'storage_busy',
      'storage_unavailable',
      ...kind.failsWith,
    )
    @ApiOperation({ summary: kind.title, description: kind.description })
    @ApiBody({
      type: kind.payload,
      examples: { delivery: { summary: 'A delivery, to be signed', value: kind.example } },
    })
    @ApiOkResponse({ description: 'It is durable, or was received before', type: ReceiptView })
    async receive(@Req() request: FastifyRequest): Promise<ReceiptView> {
      const { headers, body, params } = request;
      const named = (params as { source?: string }).source;
      const id = named === undefined ? kind.name : `${kind.name}/${named}`;
      const signed = { headers, body: Buffer.isBuffer(body) ? body : NO_BODY };
      const arrival = await this.intake.receive(id, signed, request.risoluto.requestId);
      return { ok: true, duplicate: arrival.duplicate, id: arrival.id };
    }
  }
  const { prototype } = SourceController;
  const handler = Object.getOwnPropertyDescriptor(prototype, 'receive') as TypedPropertyDescriptor<
    SourceController['receive']
  >;
  for (const { name, description, example } of kind.headers) {
    // Which of them lacks is found while it is verified, and is an error of its own.
    const told = `${description}, such as \`${example}\``;
    const schema = { type: 'string' } as const;
    ApiHeader({ name, description: told, required: false, schema })(prototype, 'receive', handler);
  }
  if (kind.named) ApiParam(NAME_PARAM)(prototype, 'receive', handler);
  // Nest names operations and writes its log by the class.
  const title = `${kind.name.charAt(0).toUpperCase()}${kind.name.slice(1)}`;
  Object.defineProperty(SourceController, 'name', { value: `${title}WebhookController` });
  return SourceController;
}
