import { ApiProperty, ApiSchema } from '@nestjs/swagger';

import { MAX_PROMPT } from '../../runs/agents/agent-request.js';
import { IsPrompt } from '../../runs/api/request-fields.js';

@ApiSchema({ description: 'What an agent is told while its turn goes on' })
export class SteerTurnDto {
  /** What it is told. */
  @ApiProperty({ example: 'Leave the tests as they are', minLength: 1, maxLength: MAX_PROMPT })
  @IsPrompt()
  prompt!: string;
}
