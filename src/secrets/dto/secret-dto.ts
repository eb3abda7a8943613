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

  /** How often it was set; `null` where another program wrote the file that it came from. */
  @ApiProperty({ type: 'integer', nullable: true, example: 1 })
  version: number | null;

  /** ISO-8601, UTC; `null` where nobody knows. */
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    example: '2026-11-23T12:00:00.000Z',
  })
  createdAt: string | null;

  /** ISO-8601, UTC; `null` where nobody knows. */
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    example: '2026-11-23T12:00:00.000Z',
  })
  updatedAt: string | null;

  /** The actor that set it last; `null` where nobody knows. */
  @ApiProperty({ type: String, nullable: true, example: 'loopback' })
  updatedBy: string | null;
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
      createdAt: timeOf(secret.createdAt),
      updatedAt: timeOf(secret.updatedAt),
      updatedBy: secret.updatedBy,
    })),
  };
}

function timeOf(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString();
}
