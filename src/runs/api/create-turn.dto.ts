import { ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsInt,
  IsObject,
  IsString,
  Max,
  Min,
} from 'class-validator';

import { MayBeAbsent } from '../../http/may-be-absent.js';
import { MAX_PROMPT } from '../agents/agent-request.js';
import { TURN_POLICY_SCHEMA } from './policy-schema.js';
import {
  IsInsteadOf,
  IsPrompt,
  IsSecretSelection,
  IsStringMap,
  MAX_ARGUMENTS,
  MAX_VARIABLES,
  SECRET_NAME,
  UnlessGiven,
} from './request-fields.js';

@ApiSchema({ description: 'What a further turn of a run shall do' })
export class CreateTurnDto {
  /**
   * The command and its arguments; no shell is put around it. For a run of commands: exactly one of
   * `command` and `prompt`.
   */
  @ApiPropertyOptional({ example: ['sh', '-c', 'cat built-by-turn-1'], maxItems: MAX_ARGUMENTS })
  @UnlessGiven('prompt')
  @IsArray({ message: 'command must be a list of texts, or prompt be given in its place' })
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_ARGUMENTS)
  @IsString({ each: true })
  command?: string[];

  /** What the run’s agent shall do next, which remembers its earlier turns. For a run of an agent. */
  @ApiPropertyOptional({ maxLength: MAX_PROMPT })
  @MayBeAbsent()
  @IsInsteadOf('command')
  @IsPrompt()
  prompt?: string;

  /**
   * Environment beside the run's; of a name that both have, this one counts. Kept in plain text until
   * the turn ends: use `secrets` for secrets.
   */
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    maxProperties: MAX_VARIABLES,
    example: { CI: 'true' },
  })
  @MayBeAbsent()
  @IsStringMap()
  env?: Record<string, string>;

  /** Names of stored secrets that the turn gets beside the run's. */
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
   * In place of the run's, within the operator's. Without it the turn has the run's own, but no
   * network.
   */
  @ApiPropertyOptional({ ...TURN_POLICY_SCHEMA, example: { type: 'readOnly' } })
  @MayBeAbsent()
  @IsObject()
  turnSandboxPolicy?: Record<string, unknown>;

  /** In place of the run's; at most the operator's limit. */
  @ApiPropertyOptional({ type: 'integer', example: 600 })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(604_800)
  timeoutSeconds?: number;
}
