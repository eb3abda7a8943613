import { ApiProperty, ApiSchema } from '@nestjs/swagger';

import { TIME } from '../../http/time-schema.js';
import type { RequestedTurnPolicy } from '../../config/yaml-schema.js';
import { TURN_STATUSES, type TurnStatus } from '../run-status.js';

@ApiSchema({
  description:
    'A turn of a run: one command, one prompt to the run’s agent or one compaction of its conversation, in a sandbox of its own. Values of `env` and of secrets are never in it.',
})
export class TurnView {
  /** From 1, without gaps; the output names its turn by it. */
  @ApiProperty({ type: 'integer', example: 2 })
  number!: number;

  @ApiProperty({
    enum: TURN_STATUSES,
    description: '`queued`, `preparing`, `running`, and then one of the others, which are final',
  })
  status!: TurnStatus;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description:
      'Of the command or agent; `null` until it ended, and where it did not end by itself',
    example: 0,
  })
  exitCode!: number | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'A stable word: why it ended so, or what a queued turn waits for',
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

  /** Who asked for it. */
  @ApiProperty({ example: 'loopback' })
  actor!: string;

  /** When it was asked for, as ISO-8601 UTC. */
  @ApiProperty(TIME)
  createdAt!: string;

  /** When its command or agent began. */
  @ApiProperty(TIME)
  runningAt!: string | null;

  /** When its command or agent was over. */
  @ApiProperty(TIME)
  endedAt!: string | null;

  @ApiProperty({
    type: [String],
    nullable: true,
    description: 'As it was sent; `null` where the run is an agent’s',
    example: ['npm', 'test'],
  })
  command!: string[] | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'As it was sent; `null` where the run is of commands, and of a compaction',
    example: null,
  })
  prompt!: string | null;

  /** In it the agent did nothing but shorten its conversation. */
  @ApiProperty({ example: false })
  compaction!: boolean;

  @ApiProperty({
    description: 'Names only, of what the turn asked for itself: it has the run’s too',
    example: ['CI'],
  })
  env!: string[];

  @ApiProperty({
    description:
      'Environment name to secret name, of what the turn asked for itself: it has the run’s too',
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { NPM_TOKEN: 'NPM_TOKEN' },
  })
  secrets!: Record<string, string>;

  @ApiProperty({
    type: 'object',
    nullable: true,
    additionalProperties: true,
    description:
      'As it was sent; `null` where the turn said nothing: the run’s own, of a further turn without the network',
    example: { type: 'readOnly' },
  })
  turnSandboxPolicy!: RequestedTurnPolicy | null;
}
