import { ApiProperty } from '@nestjs/swagger';

import { RUN_STATUSES, type RunStatus } from './run-status.js';

/** When each phase of a run began, as ISO-8601 UTC; `null` for what has not come. */
export class RunPhases {
  queuedAt!: string;

  preparingAt!: string | null;

  /** The command began. */
  runningAt!: string | null;

  /** The command was over. */
  endedAt!: string | null;

  /** The sandbox was removed and the outcome is final. */
  finishedAt!: string | null;
}

/** A run as clients see it. Values of `env` and of secrets are never in it. */
export class RunView {
  @ApiProperty({ example: '01K8Z3Q5V7W9X1Y3Z5A7B9C1D3' })
  id!: string;

  @ApiProperty({ example: 'MT-42' })
  issue!: string;

  @ApiProperty({ enum: RUN_STATUSES })
  status!: RunStatus;

  @ApiProperty({ type: Number, nullable: true, example: 0 })
  exitCode!: number | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'A stable word: why it ended so, or what a queued run waits for',
    example: null,
  })
  reason!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The reason for a person',
    example: null,
  })
  message!: string | null;

  @ApiProperty({ example: 'loopback' })
  actor!: string;

  @ApiProperty({ example: '2026-11-23T12:00:00.000Z' })
  createdAt!: string;

  phases!: RunPhases;

  @ApiProperty({ example: ['npm', 'test'] })
  command!: string[];

  @ApiProperty({ description: 'Names only', example: ['CI'] })
  env!: string[];

  @ApiProperty({
    description: 'Environment name to secret name',
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { API_TOKEN: 'API_TOKEN' },
  })
  secrets!: Record<string, string>;
}
