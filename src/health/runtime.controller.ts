import { Controller, Get } from '@nestjs/common';
import { ApiProperty, ApiTags } from '@nestjs/swagger';

import { Settings } from '../config/settings.js';
import { Clock } from '../kernel/clock.js';
import { ApiRead } from '../kernel/route-metadata.js';
import { RuntimeFacts } from '../kernel/runtime-facts.js';
import { VERSION } from '../kernel/version.js';

/** Which protections of the HTTP interface are on. */
export class EnabledControls {
  /** Writes need `RISOLUTO_WRITE_TOKEN`; else they are for programs of this machine only. */
  writeToken: boolean;
  /** Reads from beyond this machine need a token. */
  readToken: boolean;
  /** Proxies whose word about a client's address is believed. */
  trustProxy: string[];
  /** Requests an address may make in 60 seconds, by group. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' } })
  rateLimits: Record<string, number>;
}

/** What `GET /api/v1/runtime` answers. */
export class Runtime {
  version: string;
  nodeVersion: string;
  startedAt: string;
  /** Whole seconds. */
  uptimeSeconds: number;
  controls: EnabledControls;
  /** What each part of the service says that it runs with: the engine, the fence. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  facts: Record<string, unknown>;
}

@ApiTags('Operations')
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

  /** Version, uptime, engine, and which controls are on. */
  @Get()
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
