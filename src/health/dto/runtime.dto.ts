import { ApiProperty, ApiSchema } from '@nestjs/swagger';

import { TIME } from '../../http/time-schema.js';

@ApiSchema({ description: 'Which protections of the HTTP interface are on' })
export class EnabledControls {
  /** Writes need `RISOLUTO_WRITE_TOKEN`; else they are for programs of this machine only. */
  @ApiProperty({ example: true })
  writeToken: boolean;

  /** Reads from beyond this machine need a token. */
  @ApiProperty({ example: false })
  readToken: boolean;

  /** Proxies whose word about a client's address is believed. */
  @ApiProperty({ example: [] })
  trustProxy: string[];

  /** Requests an address may make in 60 seconds, by group. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer' },
    example: { api: 300, webhooks: 600 },
  })
  rateLimits: Record<string, number>;
}

@ApiSchema({ description: 'What runs here, since when, and with which protections' })
export class Runtime {
  /** Of Risoluto. */
  @ApiProperty({ example: '0.7.0' })
  version: string;

  /** Of Node. */
  @ApiProperty({ example: '20.19.0' })
  nodeVersion: string;

  /** ISO-8601, UTC. */
  @ApiProperty(TIME)
  startedAt: string;

  /** Whole seconds. */
  @ApiProperty({ type: 'integer', example: 3600 })
  uptimeSeconds: number;

  /** Of the HTTP interface; those of a sandbox are at `/runs/{id}/sandbox`. */
  controls: EnabledControls;

  /** What each part of the service says that it runs with: the engine, the fence, the walls of a sandbox. */
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: {
      engine: { version: '20.10.24' },
      sandbox: { runtime: 'runc', seccompProfile: 'hardened' },
    },
  })
  facts: Record<string, unknown>;
}
