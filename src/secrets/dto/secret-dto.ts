import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { Allow } from 'class-validator';

import type { SecretSummary } from '../secret-store.js';

@ApiSchema({ description: 'A value to store' })
export class SetSecretBody {
  /** Non-empty, at most 64 KiB as UTF-8. No answer ever holds it. */
  // Checked in the service, with a code of its own, for every way in which it can be wrong.
  @ApiProperty({ type: String, minLength: 1, maxLength: 65_536, example: 'hello-from-a-secret' })
  @Allow()
  value: unknown;
}

@ApiSchema({ description: 'What is known of a secret; never its value' })
export class SecretView {
  /** Its name. */
  @ApiProperty({ example: 'GREETING' })
  key: string;

  /** How often it was set. */
  @ApiProperty({ type: 'integer', example: 1 })
  version: number;

  /** ISO-8601, UTC. */
  @ApiProperty({ format: 'date-time', example: '2026-11-23T12:00:00.000Z' })
  createdAt: string;

  /** ISO-8601, UTC. */
  @ApiProperty({ format: 'date-time', example: '2026-11-23T12:00:00.000Z' })
  updatedAt: string;

  /** The actor that set it last. */
  @ApiProperty({ example: 'loopback' })
  updatedBy: string;
}

@ApiSchema({ description: 'All secrets; their values are in no answer' })
export class SecretList {
  /** All keys, sorted. */
  @ApiProperty({ example: ['GREETING'] })
  keys: string[];

  /** The same, with what is known of each. */
  secrets: SecretView[];
}

export function listOf(summaries: readonly SecretSummary[]): SecretList {
  return {
    keys: summaries.map((secret) => secret.key),
    secrets: summaries.map((secret) => ({
      key: secret.key,
      version: secret.version,
      createdAt: new Date(secret.createdAt).toISOString(),
      updatedAt: new Date(secret.updatedAt).toISOString(),
      updatedBy: secret.updatedBy,
    })),
  };
}
