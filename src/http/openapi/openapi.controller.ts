import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags, type OpenAPIObject } from '@nestjs/swagger';

import { Access, Audited, RateGroup } from '../../kernel/route-metadata.js';
import { OpenApiDocument } from './openapi-document.js';

@ApiTags('operations')
@Controller('api/v1/openapi.json')
export class OpenApiController {
  constructor(private readonly document: OpenApiDocument) {}

  /** OpenAPI 3.1, the same as `dist/openapi.json` of the build. For making clients. */
  @Get()
  @ApiOperation({ summary: 'Show this document as JSON' })
  @Access('public')
  @RateGroup('api')
  @Audited('none')
  @ApiOkResponse({
    description: 'The OpenAPI 3.1 document of this service',
    schema: {
      type: 'object',
      required: ['openapi', 'info', 'paths', 'components'],
      properties: {
        openapi: { type: 'string', const: '3.1.0' },
        info: { type: 'object', additionalProperties: true },
        paths: { type: 'object', additionalProperties: true },
        components: { type: 'object', additionalProperties: true },
      },
      additionalProperties: true,
      example: { openapi: '3.1.0', info: { title: 'Risoluto' }, paths: {}, components: {} },
    } as Record<string, unknown>,
  })
  read(): OpenAPIObject {
    return this.document.get();
  }
}
