import { ApiProperty } from '@nestjs/swagger';

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
