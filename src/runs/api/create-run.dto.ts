import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsInt,
  IsObject,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';

import { MayBeAbsent } from '../../http/may-be-absent.js';
import { ISSUE_PATTERN, ISSUE_RULE } from '../../workspaces/issue-key.js';
import { AgentDto } from './agent.dto.js';
import { POLICY_SCHEMA } from './policy-schema.js';
import {
  IsInsteadOf,
  IsSecretSelection,
  IsStringMap,
  MAX_ARGUMENTS,
  MAX_ROUTES,
  MAX_VARIABLES,
  ROUTE_NAME,
  SECRET_NAME,
  UnlessGiven,
} from './request-fields.js';

@ApiSchema({ description: 'What a run shall do' })
export class CreateRunDto {
  /** The piece of work whose workspace is used. */
  @ApiProperty({ example: 'MT-42', pattern: ISSUE_PATTERN.source })
  @IsString()
  @Matches(ISSUE_PATTERN, { message: `issue ${ISSUE_RULE}` })
  issue!: string;

  /** The command and its arguments; no shell is put around it. Exactly one of `command` and `agent`. */
  @ApiPropertyOptional({
    example: ['sh', '-c', 'echo hello from the sandbox'],
    maxItems: MAX_ARGUMENTS,
  })
  @UnlessGiven('agent')
  @IsArray({ message: 'command must be a list of texts, or agent be given in its place' })
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_ARGUMENTS)
  @IsString({ each: true })
  command?: string[];

  /** An agent in place of a command: exactly one of `command` and `agent`. */
  @ApiPropertyOptional({ type: () => AgentDto })
  @MayBeAbsent()
  @IsInsteadOf('command')
  @IsObject()
  @ValidateNested()
  @Type(() => AgentDto)
  agent?: AgentDto;

  /** Must be the operator's image; there to be explicit. */
  @ApiPropertyOptional({ example: 'risoluto-sandbox:latest' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(255)
  image?: string;

  /** Environment of the command. Kept in plain text until the run ends: use `secrets` for secrets. */
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    maxProperties: MAX_VARIABLES,
    example: { CI: 'true' },
  })
  @MayBeAbsent()
  @IsStringMap()
  env?: Record<string, string>;

  /** Names of stored secrets that the command gets in its environment, and no other. */
  @ApiPropertyOptional({
    example: [],
    oneOf: [
      { type: 'array', maxItems: MAX_VARIABLES, items: SECRET_NAME },
      { type: 'object', maxProperties: MAX_VARIABLES, additionalProperties: SECRET_NAME },
    ],
  })
  @MayBeAbsent()
  @IsSecretSelection()
  secrets?: string[] | Record<string, string>;

  /**
   * Narrows the operator's policy; `turnSandboxPolicy.networkAccess` may be switched on. All of it holds
   * for every turn, but that further turns have a `turnSandboxPolicy` of their own.
   */
  @ApiPropertyOptional({
    ...POLICY_SCHEMA,
    example: { turnSandboxPolicy: { type: 'workspaceWrite', networkAccess: false } },
  })
  @MayBeAbsent()
  @IsObject()
  policy?: Record<string, unknown>;

  /**
   * Names of the operator’s credential routes that the run may use. An agent has its provider’s route
   * without naming it.
   */
  @ApiPropertyOptional({
    example: [],
    type: 'array',
    maxItems: MAX_ROUTES,
    uniqueItems: true,
    items: { type: 'string', pattern: ROUTE_NAME.source },
  })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(MAX_ROUTES)
  @ArrayUnique()
  @Matches(ROUTE_NAME, { each: true, message: 'credentialRoutes must be names of routes' })
  credentialRoutes?: string[];

  /** At most the operator's limit. */
  @ApiPropertyOptional({ type: 'integer', example: 600 })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(604_800)
  timeoutSeconds?: number;

  /**
   * The run is `idle` when its turn is over, keeps the workspace and takes further turns, until it
   * is cancelled or none has come for the operator's `runs.idleTimeoutSeconds`.
   */
  @ApiPropertyOptional({ example: false, default: false })
  @MayBeAbsent()
  @IsBoolean()
  keepAlive?: boolean;
}
