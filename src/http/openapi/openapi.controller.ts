import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags, type OpenAPIObject } from '@nestjs/swagger';

import { Access, Audited, RateGroup } from '../../kernel/route-metadata.js';
import { OpenApiDocument } from './openapi-document.js';

@ApiTags('operations')
@Controller('api/v1/openapi.json')
export class OpenApiController {
  constructor(private readonly document: OpenApiDocument) {}

  /** The OpenAPI document of this service. */
  @Get()
  @Access('public')
  @RateGroup('api')
  @Audited('none')
  @ApiOkResponse({
    description: 'The OpenAPI 3.1 document of this service',
    schema: { type: 'object', additionalProperties: true },
  })
  read(): OpenAPIObject {
    return this.document.get();
  }
}
