import { ApiProperty } from '@nestjs/swagger';
import { Allow } from 'class-validator';

import type { SecretSummary } from '../secret-store.js';

export class SetSecretBody {
  /** Non-empty, at most 64 KiB as UTF-8. No answer ever holds it. */
  // Checked in the service, with a code of its own, for every way in which it can be wrong.
  @ApiProperty({ type: String, minLength: 1, maxLength: 65_536, example: 'correct-horse-battery' })
  @Allow()
  value: unknown;
}

/** What is known of a secret; never its value. */
export class SecretView {
  key: string;
  version: number;
  /** ISO-8601, UTC. */
  createdAt: string;
  /** ISO-8601, UTC. */
  updatedAt: string;
  /** The actor that set it last. */
  updatedBy: string;
}

export class SecretList {
  /** All keys, sorted. */
  keys: string[];
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
