import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Matches } from 'class-validator';

import { TIME } from '../../../http/time-schema.js';
import { PageQuery } from '../../../http/pagination.js';
import { ID_PATTERN } from '../../../kernel/ids.js';
import { MESSAGE_STATUSES, type MessageStatus } from '../outbox/message-status.js';
import { MESSAGE_KINDS, type MessageKind } from '../wishes.js';

export class ListOutboxQuery extends PageQuery {
  /** Only messages in this state; `dead` are those that were given up. */
  @IsOptional()
  @IsIn(MESSAGE_STATUSES)
  status?: MessageStatus;

  /** Only messages of this run. */
  @ApiPropertyOptional({ pattern: ID_PATTERN.source })
  @IsOptional()
  @IsString()
  @Matches(ID_PATTERN, { message: 'run must be the id of a run' })
  run?: string;
}

@ApiSchema({ description: 'Something that somebody is told of a run' })
export class OutboxMessageView {
  /** Of the message. */
  @ApiProperty({ example: '01K8Z3Q5V7W9X1Y3Z5A7B9C1D3' })
  id: string;

  /** The run that it tells of. */
  @ApiProperty({ example: '01K8Z3Q5V7W9X1Y3Z5A7B9C1D4' })
  runId: string;

  /** `started` or `finished`. */
  @ApiProperty({ enum: MESSAGE_KINDS, example: 'finished' })
  kind: MessageKind;

  /** Who is told. */
  @ApiProperty({ example: 'linear/MT-42' })
  target: string;

  /** `pending`: waits; `sent`: done; `skipped`: there was no API key; `dead`: given up. */
  @ApiProperty({ enum: MESSAGE_STATUSES, example: 'sent' })
  status: MessageStatus;

  /** How often it was tried. */
  @ApiProperty({ type: 'integer', example: 1 })
  attempts: number;

  /** A stable word: why it was given up or skipped, or why the last attempt failed. */
  @ApiProperty({ example: null })
  reason: string | null;

  /** The same for people. */
  @ApiProperty({ example: null })
  message: string | null;

  /** The id of the comment at the target; `null` where there is none yet. */
  @ApiProperty({ example: '5f0c6f2e-6f0e-4c51-9a53-0f3b7f8a6d21' })
  commentId: string | null;

  /** When it was written: with the run’s own change. */
  @ApiProperty(TIME)
  createdAt: string;

  /** When it is tried again at the earliest; `null` where it does not wait. */
  @ApiProperty({ format: 'date-time', example: null })
  nextAttemptAt: string | null;

  /** When it was sent, skipped or given up. */
  @ApiProperty({ format: 'date-time', example: '2026-11-23T12:00:00.400Z' })
  settledAt: string | null;
}

@ApiSchema({ description: 'A page of messages, newest first' })
export class OutboxPage {
  /** Messages of this page. */
  items: OutboxMessageView[];

  /** Give it back as `cursor`; `null` on the last page. */
  @ApiProperty({ example: null })
  nextCursor: string | null;
}
