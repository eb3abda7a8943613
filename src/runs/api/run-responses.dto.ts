import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';

import { TIME } from '../../http/time-schema.js';
import { AGENT_EVENT_TYPES } from '../agents/turn-driver.js';
import { RunView } from '../run-view.dto.js';
import { TurnView } from '../turns/turn-view.dto.js';

@ApiSchema({ description: 'A page of runs, the newest first' })
export class RunPage {
  @ApiProperty({ type: [RunView], description: 'Runs of this page' })
  items!: RunView[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Give it back as `cursor`; `null` on the last page',
    example: null,
  })
  nextCursor!: string | null;
}

@ApiSchema({ description: 'A page of the turns of a run, the first one first' })
export class TurnPage {
  @ApiProperty({ type: [TurnView], description: 'Turns of this page' })
  items!: TurnView[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Give it back as `cursor`; `null` on the last page',
    example: null,
  })
  nextCursor!: string | null;
}

@ApiSchema({ description: 'One control of a sandbox and who decided it' })
export class SandboxControl {
  /** The key of the configuration, or a name of ours for what is always so. */
  @ApiProperty({ example: 'resources.memory' })
  name!: string;

  @ApiProperty({
    anyOf: ['string', 'number', 'boolean', 'array', 'object', 'null'].map((type) => ({ type })),
    description: 'What the engine says is in force; its type depends on the control',
    example: 4_294_967_296,
  })
  value!: unknown;

  @ApiProperty({
    enum: ['default', 'config', 'request', 'always'],
    description: 'Who decided: a default, the operator, the request, or nobody (`always`)',
  })
  source!: string;

  @ApiProperty({
    required: false,
    type: String,
    description: 'What the value is worth under this runtime, where that needs saying',
    example: 'gVisor bounds the sandbox as a whole',
  })
  note?: string;
}

@ApiSchema({ description: 'The image that a sandbox was made from' })
export class SandboxImageView {
  /** As the operator names it. */
  @ApiProperty({ example: 'risoluto-sandbox:latest' })
  reference!: string;

  /** What the name meant when the sandbox was made. */
  @ApiProperty({ example: `sha256:${'0123456789abcdef'.repeat(4)}` })
  id!: string;
}

@ApiSchema({
  description: 'The controls of a sandbox, read back from the engine before the command began',
})
export class SandboxReportView {
  @ApiProperty({ type: [SandboxControl], description: 'Every control, by name' })
  controls!: SandboxControl[];

  @ApiProperty({
    type: [String],
    description: 'The equivalent command line; what is secret is left out',
    example: ['docker', 'run', '--rm', '--cap-drop=ALL'],
  })
  dockerRun!: string[];

  /** By name and by id. */
  image!: SandboxImageView;
}

@ApiSchema({ description: 'A piece of a run’s output, masked: a line of NDJSON, an event’s data' })
export class OutputRecordView {
  /** From 1, without gaps. */
  @ApiProperty({ type: 'integer', example: 1 })
  seq!: number;

  /** ISO-8601, UTC. */
  @ApiProperty(TIME)
  at!: string;

  /** Which command of the run; 1 for the first. */
  @ApiProperty({ type: 'integer', example: 1 })
  turn!: number;

  @ApiProperty({
    enum: ['stdout', 'stderr', 'system', 'agent'],
    description:
      '`system`: a line of Risoluto’s own, such as the mark of the output limit; `agent`: what an agent did',
  })
  stream!: string;

  /** With its line breaks; all texts of a stream together are what was printed. */
  @ApiProperty({ example: 'hello\n' })
  text!: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    properties: { type: { type: 'string', enum: [...AGENT_EVENT_TYPES] } },
    required: ['type'],
    description: 'Of stream `agent`: what kind of thing it did, and what is known of it',
    example: { type: 'command', exitCode: 0 },
  })
  event?: Record<string, unknown>;
}
