import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';

import { TIME } from '../http/time-schema.js';
import { RUN_STATUSES, type RunStatus } from './run-status.js';

@ApiSchema({
  description:
    'When each phase of a run began, as ISO-8601 UTC; `null` for what has not come. Of a run with more ' +
    'than one turn they are those of the current one, or of the last.',
})
export class RunPhases {
  /** The request was accepted. */
  @ApiProperty(TIME)
  queuedAt!: string;

  /** Its workspace and its sandbox were being made. */
  @ApiProperty(TIME)
  preparingAt!: string | null;

  /** The command began. */
  @ApiProperty(TIME)
  runningAt!: string | null;

  /** The command was over. */
  @ApiProperty(TIME)
  endedAt!: string | null;

  /** The sandbox was removed and the outcome is final. */
  @ApiProperty(TIME)
  finishedAt!: string | null;
}

@ApiSchema({ description: 'The agent of a run' })
export class RunAgentView {
  /** Which agent it is. */
  @ApiProperty({ example: 'codex' })
  kind!: string;

  /** What it was told to do in the first turn. */
  @ApiProperty({ example: 'Fix the failing test and say what was wrong' })
  prompt!: string;

  /** Absent where the request left it to the operator. */
  @ApiPropertyOptional()
  model?: string;

  /** Absent likewise. */
  @ApiPropertyOptional()
  effort?: string;
}

@ApiSchema({ description: 'Tokens of a model, as the agent passes on its provider’s counts' })
export class RunUsageView {
  /** What the model was given. */
  @ApiProperty({ type: 'integer', example: 1200 })
  inputTokens!: number;

  /** Of `inputTokens`. */
  @ApiProperty({ type: 'integer', example: 800 })
  cachedInputTokens!: number;

  /** What the model answered. */
  @ApiProperty({ type: 'integer', example: 300 })
  outputTokens!: number;

  /** Of `outputTokens`. */
  @ApiProperty({ type: 'integer', example: 100 })
  reasoningOutputTokens!: number;

  /** In the unit of `codex.agent.prices`; `null` where some of it has no price. */
  @ApiProperty({ type: Number, nullable: true, example: 0.0125 })
  cost!: number | null;
}

@ApiSchema({
  description: 'A run as clients see it. Values of `env` and of secrets are never in it.',
})
export class RunView {
  /** A ULID; ids sort by time. */
  @ApiProperty({ example: '01K8Z3Q5V7W9X1Y3Z5A7B9C1D3' })
  id!: string;

  /** Whose workspace it uses. */
  @ApiProperty({ example: 'MT-42' })
  issue!: string;

  @ApiProperty({
    enum: RUN_STATUSES,
    description:
      '`queued`, `preparing`, `running`, and then one of the others, which are final; a `keepAlive` run is `idle` between its turns',
  })
  status!: RunStatus;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description:
      'Of the command or agent of the current or last turn; `null` until it ended, and where it did not end by itself',
    example: 0,
  })
  exitCode!: number | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'A stable word: why the current or last turn ended so, or what a queued one waits for',
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

  /** Who started it. */
  @ApiProperty({ example: 'loopback' })
  actor!: string;

  /** ISO-8601, UTC. */
  @ApiProperty(TIME)
  createdAt!: string;

  /** When each phase began. */
  phases!: RunPhases;

  /** It takes further turns; it is not over when one is. */
  @ApiProperty({ example: false })
  keepAlive!: boolean;

  /** The number of its current turn, or of its last one. */
  @ApiProperty({ type: 'integer', example: 1 })
  turn!: number;

  @ApiProperty({
    type: [String],
    nullable: true,
    description: 'As it was sent; that of the first turn. `null` where the run is an agent’s',
    example: ['npm', 'test'],
  })
  command!: string[] | null;

  @ApiProperty({
    type: () => RunAgentView,
    nullable: true,
    description:
      'As it was sent, the prompt that of the first turn. `null` where the run is of commands',
    example: null,
  })
  agent!: RunAgentView | null;

  @ApiProperty({
    type: () => RunUsageView,
    nullable: true,
    description:
      'What its agent used of a model, over all turns; `null` where nothing is known. What an agent says of itself',
    example: null,
  })
  usage!: RunUsageView | null;

  @ApiProperty({ description: 'Names of the credential routes that it asked for', example: [] })
  credentialRoutes!: string[];

  @ApiProperty({ description: 'Names only', example: ['CI'] })
  env!: string[];

  @ApiProperty({
    description: 'Environment name to secret name',
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { NPM_TOKEN: 'NPM_TOKEN' },
  })
  secrets!: Record<string, string>;
}
