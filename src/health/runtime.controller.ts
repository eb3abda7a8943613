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
  readonly #fixed: Pick<Runtime, 'version' | 'nodeVersion' | 'startedAt'>;

  constructor(
    private readonly settings: Settings,
    private readonly facts: RuntimeFacts,
    clock: Clock,
  ) {
    const startedAtMs = clock.now() - Math.round(process.uptime() * 1000);
    this.#fixed = {
      version: VERSION,
      nodeVersion: process.versions.node,
      startedAt: new Date(startedAtMs).toISOString(),
    };
  }

  /** Version, uptime, engine, and which protections of the HTTP interface are on. */
  @Get()
  @ApiOperation({ summary: 'Show what runs here' })
  @ApiOkResponse({ description: 'Facts about this process', type: Runtime })
  @ApiRead()
  read(): Runtime {
    const facts: Record<string, unknown> = {};
    for (const fact of this.facts.list()) facts[fact.name] = fact.describe();
    // Each property by name: spreading objects is most of what this call would cost.
    const { version, nodeVersion, startedAt } = this.#fixed;
    return {
      version,
      nodeVersion,
      startedAt,
      uptimeSeconds: Math.floor(process.uptime()),
      controls: enabledControls(this.settings),
      facts,
    };
  }
}

function enabledControls({ auth, rateLimits, server }: Settings): EnabledControls {
  return {
    writeToken: auth.writeToken !== null,
    readToken: auth.readToken !== null,
    trustProxy: [...server.trustProxy],
    rateLimits: { api: rateLimits.api.limit, webhooks: rateLimits.webhooks.limit },
  };
}
