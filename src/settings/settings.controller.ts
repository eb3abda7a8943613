import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';

import { Settings } from '../config/settings.js';
import { yamlSchema } from '../config/yaml-schema.js';
import { ApiRead } from '../kernel/route-metadata.js';
import { configView } from './config-view.js';

@ApiTags('config')
@Controller('api/v1/config')
export class SettingsController {
  readonly #view: Record<string, unknown>;
  readonly #schema: unknown = z.toJSONSchema(yamlSchema, { io: 'input', unrepresentable: 'any' });

  constructor(settings: Settings) {
    this.#view = configView(settings);
  }

  /** What the service runs with, defaults included. Secrets show only that they are set. */
  @Get()
  @ApiRead()
  @ApiOperation({ summary: 'Show the effective settings' })
  @ApiOkResponse({
    schema: {
      type: 'object',
      additionalProperties: true,
      example: { runs: { maxConcurrent: 2 }, codex: { threadSandbox: 'workspace-write' } },
    },
  })
  config(): Record<string, unknown> {
    return this.#view;
  }

  /** The JSON Schema of `risoluto.yaml`. */
  @Get('schema')
  @ApiRead()
  @ApiOperation({ summary: 'Show the schema of the configuration file' })
  @ApiOkResponse({
    schema: {
      type: 'object',
      additionalProperties: true,
      example: { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' },
    },
  })
  schema(): unknown {
    return this.#schema;
  }
}
