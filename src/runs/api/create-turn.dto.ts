import { ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { IsObject } from 'class-validator';

import { MayBeAbsent } from '../../http/may-be-absent.js';
import { MAX_PROMPT } from '../agents/agent-request.js';
import { TURN_POLICY_SCHEMA } from './policy-schema.js';
import {
  IsCommandUnless,
  IsEnvironment,
  IsInsteadOf,
  IsPrompt,
  IsTimeLimit,
  SelectsSecrets,
} from './request-fields.js';

@ApiSchema({ description: 'What a further turn of a run shall do' })
export class CreateTurnDto {
  /**
   * The command and its arguments; no shell is put around it. For a run of commands: exactly one of
   * `command` and `prompt`.
   */
  @IsCommandUnless('prompt', ['sh', '-c', 'cat built-by-turn-1'])
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
  @IsEnvironment()
  env?: Record<string, string>;

  /** Names of stored secrets that the turn gets beside the run's. */
  @SelectsSecrets()
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
  @IsTimeLimit()
  timeoutSeconds?: number;
}
