import { Body, Controller, Delete, Get, Headers, Patch, Put, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';

import type { JsonObject } from '../../config/merge-patch.js';
import { RequestOrigin } from '../../http/origin.decorator.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { Origin } from '../../kernel/origin.js';
import { AlsoTakes, ApiRead, ApiWrite } from '../../kernel/route-metadata.js';
import { OverlayChangeView } from '../dto/overlay-change.js';
import { ConfigOverlay, type OverlayChange } from './config-overlay.service.js';
import { overlaySchema } from './overlay-schema.js';
import { entityTagOf } from './stored-overlay.js';

const MERGE_PATCH = 'application/merge-patch+json';
const EXAMPLE = { runs: { maxConcurrent: 1 }, codex: { sandbox: { resources: { memory: '2g' } } } };
const PATCH_EXAMPLE = { runs: { maxConcurrent: 1, outputLimit: null } };

const STORAGE_CODES = ['storage_busy', 'storage_unavailable', 'shutting_down'] as const;
const CHANGE_CODES = [
  'validation_failed',
  'overlay_refused',
  'precondition_failed',
  ...STORAGE_CODES,
] as const;

const ETAG = {
  ETag: {
    description: 'Names this content of the overlay, for `If-Match`',
    required: true,
    schema: { type: 'string' as const, example: '"44136fa355b3678a1146ad16f7e8649e"' },
  },
};
const IF_MATCH = {
  name: 'If-Match',
  required: false,
  description:
    'The `ETag` of the overlay that the change is made for; with another one now, 412 `precondition_failed`',
  schema: { type: 'string' },
};
const CHANGED = {
  description: 'What is in force now, and what it changed',
  type: OverlayChangeView,
  headers: ETAG,
};

@ApiTags('config')
@Controller('api/v1/config/overlay')
export class OverlayController {
  constructor(private readonly overlay: ConfigOverlay) {}

  /** The overlay, `{}` where there is none: settings that count in the place of the file’s. */
  @Get()
  @ApiRead()
  @ApiOperation({ summary: 'Show the overlay' })
  @ApiOkResponse({
    description: 'The overlay that is in force',
    schema: { ...overlaySchema(), example: EXAMPLE },
    headers: ETAG,
  })
  read(@Res({ passthrough: true }) reply: FastifyReply): JsonObject {
    const { current } = this.overlay;
    void reply.header('etag', entityTagOf(current));
    return current;
  }

  /**
   * Puts another overlay in the place of the present one. The settings that come of it are judged as a
   * whole, as a start judges them, before anything is changed. It says how much,
   * never what a sandbox is or reaches, and only narrows what the operator's file states: a wider value
   * and other keys are refused by name.
   */
  @Put()
  @ApiWrite('config.overlay_changed', ...CHANGE_CODES)
  @ApiOperation({ summary: 'Replace the overlay' })
  @ApiHeader(IF_MATCH)
  @ApiBody({
    schema: overlaySchema(),
    examples: { limits: { summary: 'One run at a time, with less memory', value: EXAMPLE } },
  })
  @ApiOkResponse(CHANGED)
  async replace(
    @Body() body: unknown,
    @Headers('if-match') condition: string | undefined,
    @RequestOrigin() origin: Origin,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OverlayChangeView> {
    return answer(await this.overlay.replace(origin, objectOf(body), condition), reply);
  }

  /** Changes parts of the overlay: a JSON merge patch (RFC 7396), in which `null` removes a key. */
  @Patch()
  @ApiWrite('config.overlay_changed', ...CHANGE_CODES)
  @AlsoTakes(MERGE_PATCH)
  @ApiOperation({ summary: 'Change parts of the overlay' })
  @ApiConsumes('application/json', MERGE_PATCH)
  @ApiHeader(IF_MATCH)
  @ApiBody({
    schema: overlaySchema(true),
    examples: { part: { summary: 'One key anew, one as in the file', value: PATCH_EXAMPLE } },
  })
  @ApiOkResponse(CHANGED)
  async patch(
    @Body() body: unknown,
    @Headers('if-match') condition: string | undefined,
    @RequestOrigin() origin: Origin,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OverlayChangeView> {
    return answer(await this.overlay.patch(origin, objectOf(body), condition), reply);
  }

  /** Removes the overlay, and with it the report of one that was set aside: the file alone counts. */
  @Delete()
  @ApiWrite('config.overlay_changed', 'precondition_failed', ...STORAGE_CODES)
  @ApiOperation({ summary: 'Remove the overlay' })
  @ApiHeader(IF_MATCH)
  @ApiOkResponse(CHANGED)
  async remove(
    @Headers('if-match') condition: string | undefined,
    @RequestOrigin() origin: Origin,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OverlayChangeView> {
    return answer(await this.overlay.replace(origin, {}, condition), reply);
  }
}

/** Every key that may be overlaid is read at use, so none waits for a restart. */
function answer({ overlay, difference }: OverlayChange, reply: FastifyReply): OverlayChangeView {
  void reply.header('etag', entityTagOf(overlay));
  return { overlay, applied: [...difference.set, ...difference.removed].sort(), needsRestart: [] };
}

function objectOf(body: unknown): JsonObject {
  // Where there is one, the reader of bodies has seen that it is an object.
  if (body !== undefined) return body as JsonObject;
  throw new DomainError('validation_failed', 'The body must be a JSON object', {
    details: [{ field: 'body', message: 'must be a JSON object' }],
  });
}
