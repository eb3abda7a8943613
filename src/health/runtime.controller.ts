import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';

import { Settings } from '../config/settings.js';
import { Clock } from '../kernel/clock.js';
import { ApiRead } from '../kernel/route-metadata.js';
import { RuntimeFacts } from '../kernel/runtime-facts.js';
import { VERSION } from '../kernel/version.js';
import { Runtime, type EnabledControls } from './dto/runtime.dto.js';

@ApiTags('operations')
@Controller('api/v1/runtime')
export class RuntimeController {
  readonly #startedAt: number;

  constructor(
    private readonly settings: Settings,
    private readonly facts: RuntimeFacts,
    private readonly clock: Clock,
  ) {
    this.#startedAt = clock.now() - Math.round(process.uptime() * 1000);
  }

  /** Version, uptime, engine, and which protections of the HTTP interface are on. */
  @Get()
  @ApiOperation({ summary: 'Show what runs here' })
  @ApiOkResponse({ description: 'Facts about this process', type: Runtime })
  @ApiRead()
  read(): Runtime {
    return {
      version: VERSION,
      nodeVersion: process.versions.node,
      startedAt: new Date(this.#startedAt).toISOString(),
      uptimeSeconds: Math.floor((this.clock.now() - this.#startedAt) / 1000),
      controls: this.#controls(),
      facts: Object.fromEntries(this.facts.list().map((fact) => [fact.name, fact.describe()])),
    };
  }

  #controls(): EnabledControls {
    const { auth, rateLimits, server } = this.settings;
    return {
      writeToken: auth.writeToken !== null,
      readToken: auth.readToken !== null,
      trustProxy: [...server.trustProxy],
      rateLimits: { api: rateLimits.api.limit, webhooks: rateLimits.webhooks.limit },
    };
  }
}
