import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { IsString, Matches, MaxLength } from 'class-validator';

import { MayBeAbsent } from '../../http/may-be-absent.js';
import { AGENT_KIND, AGENT_WORD, MAX_PROMPT } from '../agents/agent-request.js';
import { IsPrompt } from './request-fields.js';

@ApiSchema({ description: 'An agent that works on the issue, in place of a command' })
export class AgentDto {
  /** `codex`, or the name of an agent in the operator’s settings. */
  @ApiProperty({ example: 'codex', pattern: AGENT_KIND.source })
  @IsString()
  @Matches(AGENT_KIND, { message: 'kind must be lower-case letters, digits and dashes' })
  kind!: string;

  /** What it shall do; the first turn’s. Kept in plain text, so it is no place for secrets. */
  @ApiProperty({ example: 'Fix the failing test and say what was wrong', maxLength: MAX_PROMPT })
  @IsPrompt()
  prompt!: string;

  /** In place of the operator’s default, where the kind has models to choose from. */
  @ApiPropertyOptional({ pattern: AGENT_WORD.source })
  @MayBeAbsent()
  @IsString()
  @MaxLength(128)
  @Matches(AGENT_WORD, { message: 'model must be letters, digits and any of . _ : / -' })
  model?: string;

  /** How much it shall think, in the words of the kind. */
  @ApiPropertyOptional({ pattern: AGENT_WORD.source })
  @MayBeAbsent()
  @IsString()
  @MaxLength(128)
  @Matches(AGENT_WORD, { message: 'effort must be letters, digits and any of . _ : / -' })
  effort?: string;
}
