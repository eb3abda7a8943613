import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';

import { TIME } from '../../http/time-schema.js';
import { DECISION_REASONS } from '../../egress/decisions/decision.js';
import { PageQuery } from '../../http/pagination.js';

const MODES = ['enforce', 'observe'];

export class EgressQuery extends PageQuery {
  /** `true`: only what was let through; `false`: only what was refused. */
  @IsOptional()
  @Type(() => String)
  @IsIn(['true', 'false'])
  allowed?: 'true' | 'false';

  /** Only decisions of this turn; 1 is the first. */
  @ApiPropertyOptional({ type: 'integer' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  turn?: number;

  /** For events: only what comes behind the decision with this `seq`; as the header `Last-Event-ID`. */
  @ApiPropertyOptional({ type: 'integer' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  after?: number;

  /** `allowlist`: not the decisions, but the smallest allowlist that would have sufficed. */
  @IsOptional()
  @IsIn(['allowlist'])
  suggest?: 'allowlist';
}

@ApiSchema({ description: 'An outbound connection of a run, allowed or denied' })
export class DecisionView {
  /** Sorts by time. */
  @ApiProperty({ example: '01K8Z3Q5V7W9X1Y3Z5A7B9C1D3' })
  id!: string;

  /** From 1 in each run, without gaps. */
  @ApiProperty({ type: 'integer', example: 1 })
  seq!: number;

  /** ISO-8601, UTC; of the first, where it stands for several. */
  @ApiProperty(TIME)
  at!: string;

  /** Which command of the run; 1 for the first. */
  @ApiProperty({ type: 'integer', example: 1 })
  turn!: number;

  /** In lower case and punycode; `*` for all that came beyond the rows that a run may have. */
  @ApiProperty({ example: 'registry.npmjs.org' })
  host!: string;

  /** 0 where none could be read, or where it stands for several. */
  @ApiProperty({ type: 'integer', example: 443 })
  port!: number;

  /** Whether it was let through. */
  @ApiProperty({ example: true })
  allowed!: boolean;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The entry of the allowlist that let it through; `null` where none did',
    example: '*.npmjs.org',
  })
  rule!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    enum: [...DECISION_REASONS, null],
    description:
      'Why it was denied or cut; `observed`: only the observing mode let it through; else `null`',
    example: null,
  })
  reason!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'Of a request on a credential route, its name; `host` and `port` are its upstream’s then. Else `null`',
    example: null,
  })
  route!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Of a request on a credential route; `null` also where it stands for several',
    example: null,
  })
  method!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The upstream’s path, likewise, without the query; headers are nowhere',
    example: null,
  })
  path!: string | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'What the request was answered with, likewise; `null` while there is no answer',
    example: null,
  })
  status!: number | null;

  /** From the sandbox; of a request on a credential route, its body. Known when the connection has ended. */
  @ApiProperty({ type: 'integer', example: 1204 })
  bytesUp!: number;

  /** To the sandbox; known when the connection has ended. */
  @ApiProperty({ type: 'integer', example: 48_213 })
  bytesDown!: number;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description:
      'Milliseconds; the longest, where it stands for several. `null` while it goes on, or where the service died meanwhile',
    example: 310,
  })
  durationMs!: number | null;

  /** How many alike decisions it stands for; the bytes are those of all. */
  @ApiProperty({ type: 'integer', example: 1 })
  count!: number;
}

@ApiSchema({ description: 'A page of a run’s egress decisions, the oldest first' })
export class DecisionPage {
  @ApiProperty({ type: [DecisionView], description: 'Decisions of this page' })
  items!: DecisionView[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Give it back as `cursor`; `null` on the last page',
    example: null,
  })
  nextCursor!: string | null;

  @ApiProperty({
    enum: MODES,
    description: '`observe`: nothing is or was refused but what is never reachable',
    example: 'enforce',
  })
  mode!: string;
}

@ApiSchema({ description: 'The smallest allowlist that would have sufficed for a run' })
export class AllowlistSuggestionView {
  @ApiProperty({
    type: [String],
    description: 'Exact hosts that were reached, sorted; without a port: 80 and 443',
    example: ['registry.npmjs.org'],
  })
  allowlist!: readonly string[];

  @ApiProperty({
    type: [String],
    description: 'What was denied because it was not listed; look at each before you add it',
    example: [],
  })
  denied!: readonly string[];

  @ApiProperty({
    enum: MODES,
    description: '`observe`: nothing is or was refused but what is never reachable',
    example: 'observe',
  })
  mode!: string;

  /** What the lists are worth. */
  @ApiProperty({ example: 'The allowlist lets through all that the run reached.' })
  note!: string;
}
