import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';

import { LiveSettings } from '../config/live-settings.js';
import { yamlSchema } from '../config/yaml-schema.js';
import { ApiRead } from '../kernel/route-metadata.js';
import { CONFIG_VIEW_SCHEMA } from './config-schema.js';
import { configView } from './config-view.js';
import { pendingOf, sourcesOf } from './effective-sources.js';
import { ConfigOverlay } from './overlay/config-overlay.service.js';

@ApiTags('config')
@Controller('api/v1/config')
export class SettingsController {
  readonly #schema: unknown = z.toJSONSchema(yamlSchema, { io: 'input', unrepresentable: 'any' });

  constructor(
    private readonly settings: LiveSettings,
    private readonly overlay: ConfigOverlay,
  ) {}

  /**
   * What the service runs with, defaults included: the environment’s part under `environment`, the
   * rest in the shape of `risoluto.yaml`. Secrets show only that they are set. `sources` says who
   * decided each value, and `pending` what was changed in the file since the start.
   */
  @Get()
  @ApiRead()
  @ApiOperation({ summary: 'Show the effective settings' })
  @ApiOkResponse({ description: 'The effective settings', schema: CONFIG_VIEW_SCHEMA })
  config(): Record<string, unknown> {
    const { base } = this.settings;
    return {
      ...configView(this.settings),
      sources: sourcesOf(base, this.overlay.current),
      pending: pendingOf(base, this.settings.judge),
      setAside: this.overlay.setAside,
    };
  }

  /** The JSON Schema (2020-12) of `risoluto.yaml`, with every key, its limits and its default. */
  @Get('schema')
  @ApiRead()
  @ApiOperation({ summary: 'Show the schema of the configuration file' })
  @ApiOkResponse({
    description: 'JSON Schema, for editors and for checking a file before it is used',
    schema: {
      type: 'object',
      required: ['$schema', 'type', 'properties'],
      properties: {
        $schema: { type: 'string' },
        type: { type: 'string' },
        properties: { type: 'object', additionalProperties: true },
      },
      additionalProperties: true,
      example: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        properties: { runs: { type: 'object' } },
      },
    },
  })
  schema(): unknown {
    return this.#schema;
  }
}
