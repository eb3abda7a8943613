import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsObject,
  IsString,
  Length,
  Matches,
  MaxLength,
  ValidateNested,
} from 'class-validator';

import { MayBeAbsent } from '../../http/may-be-absent.js';
import { ISSUE_PATTERN, ISSUE_RULE } from '../../workspaces/issue-key.js';
import { AgentDto } from './agent.dto.js';
import { POLICY_SCHEMA } from './policy-schema.js';
import {
  IsCommandUnless,
  IsEnvironment,
  IsInsteadOf,
  IsTimeLimit,
  SelectsSecrets,
} from './request-fields.js';

const MAX_ROUTES = 64;

@ApiSchema({ description: 'What a run shall do' })
export class CreateRunDto {
  /** The piece of work whose workspace is used. */
  @ApiProperty({ example: 'MT-42', pattern: ISSUE_PATTERN.source })
  @IsString()
  @Matches(ISSUE_PATTERN, { message: `issue ${ISSUE_RULE}` })
  issue!: string;

  /** The command and its arguments; no shell is put around it. Exactly one of `command` and `agent`. */
  @IsCommandUnless('agent', ['sh', '-c', 'echo hello from the sandbox'])
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
  @IsEnvironment()
  env?: Record<string, string>;

  /** Names of stored secrets that the command gets in its environment, and no other. */
  @SelectsSecrets()
  secrets?: string[] | Record<string, string>;

  /**
   * Names of the operator's credential routes (`codex.sandbox.credentialRoutes`) that all turns of the
   * run may use, with and without network access. For each the command gets `RISOLUTO_ROUTE_<NAME>`,
   * the base URL of a service on which the gateway adds the secret: it is never in the sandbox.
   * An agent has its provider’s route without naming it.
   */
  @ApiPropertyOptional({
    type: 'array',
    maxItems: MAX_ROUTES,
    uniqueItems: true,
    items: { type: 'string', minLength: 1, maxLength: 32 },
    example: [],
  })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(MAX_ROUTES)
  @ArrayUnique()
  @IsString({ each: true })
  @Length(1, 32, { each: true })
  credentialRoutes?: string[];

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

  /** At most the operator's limit. */
  @IsTimeLimit()
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
