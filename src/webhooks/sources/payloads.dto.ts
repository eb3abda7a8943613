import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';

import { TIME } from '../../http/time-schema.js';

@ApiSchema({ description: 'A delivery of Linear; what else it has depends on its type' })
export class LinearPayload {
  /** What kind of thing it tells of: `Issue`, `Comment`, … */
  @ApiProperty({ maxLength: 200, example: 'Issue' })
  type: string;

  /** `create`, `update`, `remove`, … */
  @ApiPropertyOptional({ example: 'update' })
  action?: string;

  /** When the delivery was first sent, in milliseconds since 1970. */
  @ApiProperty({ type: 'integer', example: 1795392000000 })
  webhookTimestamp: number;
}

@ApiSchema({ description: 'A delivery of GitHub; what it has depends on its event' })
export class GitHubPayload {
  /** `opened`, `edited`, …; some events have none. */
  @ApiPropertyOptional({ example: 'opened' })
  action?: string;
}

@ApiSchema({ description: 'A delivery in the Standard Webhooks format' })
export class StandardPayload {
  /** What happened: `issue.updated`. */
  @ApiProperty({ maxLength: 200, example: 'issue.updated' })
  type: string;

  /** When it happened. */
  @ApiPropertyOptional(TIME)
  timestamp?: string;

  /** By convention `id`, `updatedAt` and `issue`. */
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    example: { id: '1', issue: { identifier: 'MT-42', state: 'In Progress' } },
  })
  data?: Record<string, unknown>;
}
