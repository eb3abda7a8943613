import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Length, Matches } from 'class-validator';

import { TIME } from '../../http/time-schema.js';
import { PageQuery } from '../../http/pagination.js';
import { ISSUE_PATTERN, ISSUE_RULE } from '../../workspaces/issue-key.js';
import { ConsideredRuleView } from '../dispatch/considered-rule.dto.js';
import { DELIVERY_STATUSES, type DeliveryStatus } from '../inbox/delivery-status.js';

const SOURCE_PATTERN = /^[a-z][a-z0-9-]{0,31}(\/[a-z][a-z0-9-]{0,31})?$/;

export class ListDeliveriesQuery extends PageQuery {
  /** Only deliveries in this state. */
  @IsOptional()
  @IsIn(DELIVERY_STATUSES)
  status?: DeliveryStatus;

  /** Only deliveries of this sender: `linear`, `github`, `standard/<name>`. */
  @ApiPropertyOptional({ pattern: SOURCE_PATTERN.source })
  @IsOptional()
  @IsString()
  @Matches(SOURCE_PATTERN, { message: 'source must be like linear or standard/deploys' })
  source?: string;

  /** Only deliveries about this issue, such as `MT-1`. */
  @ApiPropertyOptional({ pattern: ISSUE_PATTERN.source })
  @IsOptional()
  @IsString()
  @Matches(ISSUE_PATTERN, { message: `issue ${ISSUE_RULE}` })
  issue?: string;

  /** Only deliveries that this rule matched. */
  @IsOptional()
  @IsString()
  @Length(1, 128)
  rule?: string;
}

export class ReplayQuery {
  /** `true`: only say what the rules would do with it now. */
  @IsOptional()
  @IsIn(['true', 'false'])
  dryRun?: 'true' | 'false';
}

@ApiSchema({ description: 'The delivery is stored; what comes of it is seen in the inbox' })
export class ReceiptView {
  /** Always `true`. */
  @ApiProperty({ example: true })
  ok: boolean;

  /** It was received before: nothing was changed. */
  @ApiProperty({ example: false })
  duplicate: boolean;

  /** In the inbox; `null` for a duplicate of one that is not kept any more. */
  @ApiProperty({ example: '01K8Z3Q5V7W9X1Y3Z5A7B9C1D3' })
  id: string | null;
}

@ApiSchema({ description: 'One delivery of the inbox' })
export class DeliveryView {
  /** A ULID: later deliveries sort behind. */
  @ApiProperty({ example: '01K8Z3Q5V7W9X1Y3Z5A7B9C1D3' })
  id: string;

  /** `linear`, `github`, `standard/<name>`. */
  @ApiProperty({ example: 'linear' })
  source: string;

  /** The sender’s own id of it. */
  @ApiProperty({ example: '234d1a4e-b617-4388-90fe-adc3633d6b72' })
  deliveryId: string;

  /** Of Linear `Issue`, …; of GitHub the event. */
  @ApiProperty({ example: 'Issue' })
  type: string;

  /** `null` for events without one. */
  @ApiProperty({ example: 'update' })
  action: string | null;

  /** The issue that it is about, as its workspace is named; `null` where it is about none. */
  @ApiProperty({ example: 'MT-42' })
  issue: string | null;

  /** `pending`: waits; `handled`: a rule matched; `ignored`: nothing was to be done; `superseded`: something newer came first; `failed`: given up. */
  @ApiProperty({ enum: DELIVERY_STATUSES, example: 'ignored' })
  status: DeliveryStatus;

  /** How often it was begun to handle it. */
  @ApiProperty({ type: 'integer', example: 1 })
  attempts: number;

  /** The rule that matched. */
  @ApiProperty({ example: null })
  rule: string | null;

  /** The run that came of it. */
  @ApiProperty({ example: null })
  runId: string | null;

  /** A stable word: why it was ignored, superseded or given up, or why the last attempt failed. */
  @ApiProperty({ example: 'no_rule' })
  reason: string | null;

  /** The same for people, with what was found. */
  @ApiProperty({ example: null })
  message: string | null;

  /** When it was received. */
  @ApiProperty(TIME)
  receivedAt: string;

  /** The time that its sender signed; `null` where it signs none. */
  @ApiProperty({ format: 'date-time', example: '2026-11-23T11:59:59.000Z' })
  signedAt: string | null;

  /** What it is put in order by: when what it tells of was so. */
  @ApiProperty({ format: 'date-time', example: '2026-11-23T11:59:58.000Z' })
  occurredAt: string;

  /** When it is tried again; `null` where that is not put off. */
  @ApiProperty({ format: 'date-time', example: null })
  nextAttemptAt: string | null;

  /** When it was settled. */
  @ApiProperty({ format: 'date-time', example: '2026-11-23T12:00:00.100Z' })
  handledAt: string | null;
}

@ApiSchema({ description: 'One delivery with its body' })
export class DeliveryDetailView extends DeliveryView {
  /** Every rule, in the order of the settings; `null` while nothing was decided. */
  @ApiProperty({ type: [ConsideredRuleView], nullable: true })
  considered: ConsideredRuleView[] | null;

  /** The body, as its sender signed it. */
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { type: 'Issue', action: 'update', webhookTimestamp: 1795392000000 },
  })
  payload: Record<string, unknown>;
}

@ApiSchema({ description: 'A page of deliveries, newest first' })
export class DeliveryPage {
  /** Deliveries of this page. */
  items: DeliveryView[];

  /** Give it back as `cursor`; `null` on the last page. */
  @ApiProperty({ example: null })
  nextCursor: string | null;
}
