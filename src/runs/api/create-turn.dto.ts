import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
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
import { TURN_POLICY_SCHEMA } from './policy-schema.js';
import {
  IsSecretSelection,
  IsStringMap,
  MAX_ARGUMENTS,
  MAX_VARIABLES,
  SECRET_NAME,
} from './request-fields.js';

@ApiSchema({ description: 'What a further turn of a run shall do' })
export class CreateTurnDto {
  /** The command and its arguments; no shell is put around it. */
  @ApiProperty({ example: ['sh', '-c', 'cat built-by-turn-1'], maxItems: MAX_ARGUMENTS })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_ARGUMENTS)
  @IsString({ each: true })
  command!: string[];

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
