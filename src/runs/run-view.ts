import { ApiProperty } from '@nestjs/swagger';

import { RUN_STATUSES, type RunStatus } from './run-status.js';
import type { RunRequest } from './run-request.js';
import type { RunEntity } from './run.entity.js';

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

/** Why a queued run waits. */
export interface WaitingReason {
  reason: string;
  message: string;
}

export function viewOf(run: RunEntity, waiting: WaitingReason | null): RunView {
  const request = JSON.parse(run.request) as RunRequest;
  const isWaiting = run.status === 'queued' && waiting !== null;
  return {
    id: run.id,
    issue: run.issue,
    status: run.status,
    exitCode: run.exitCode,
    reason: isWaiting ? waiting.reason : run.reason,
    message: isWaiting ? waiting.message : run.message,
    actor: run.actor,
    createdAt: iso(run.createdAt),
    phases: {
      queuedAt: iso(run.createdAt),
      preparingAt: isoOrNull(run.preparingAt),
      runningAt: isoOrNull(run.runningAt),
      endedAt: isoOrNull(run.endedAt),
      finishedAt: isoOrNull(run.finishedAt),
    },
    command: request.command,
    env: Object.keys(request.env),
    secrets: request.secrets,
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

function isoOrNull(at: number | null): string | null {
  return at === null ? null : iso(at);
}
