import { ApiProperty, ApiSchema } from '@nestjs/swagger';

import { TIME } from '../../http/time-schema.js';
import type { ApprovalRow } from '../approvals/approval.entity.js';

const ID = '01K8Z3Q5V7W9X1Y3Z5A7B9C1D3';
const STATUSES = ['pending', 'approved', 'denied'] as const;

@ApiSchema({ description: 'What an agent asked to be allowed' })
export class ApprovalView {
  /** Names it in an answer. */
  @ApiProperty({ example: ID })
  id!: string;

  /** The turn that asked. */
  @ApiProperty({ type: 'integer', example: 1 })
  turn!: number;

  /** What it asks for. */
  @ApiProperty({ enum: ['command', 'file_change'] })
  kind!: string;

  /** What it would do, in its own words, masked as the run’s output is. */
  @ApiProperty({ example: '$ npm publish\nin /workspace' })
  text!: string;

  /** The first answer stands. */
  @ApiProperty({ enum: STATUSES })
  status!: (typeof STATUSES)[number];

  /** ISO-8601, UTC; as all times here. */
  @ApiProperty(TIME)
  askedAt!: string;

  @ApiProperty({ ...TIME, description: 'When it is denied, where nobody answers before' })
  expiresAt!: string;

  /** When it was answered. */
  @ApiProperty({ ...TIME, type: String, nullable: true })
  decidedAt!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Who answered; `system` where its time was up or the turn over',
    example: null,
  })
  decidedBy!: string | null;
}

@ApiSchema({ description: 'A page of approvals, the last asked first' })
export class ApprovalPage {
  /** The approvals of this page. */
  @ApiProperty({ type: [ApprovalView], description: 'The approvals of this page' })
  items!: ApprovalView[];

  @ApiProperty({ type: String, nullable: true, description: 'The `cursor` of the next page' })
  nextCursor!: string | null;
}

export function viewOfApproval(row: ApprovalRow): ApprovalView {
  const { id, turn, kind, text, decision, decidedBy } = row;
  return {
    id,
    turn,
    kind,
    text,
    status: decision === null ? 'pending' : decision === 'approve' ? 'approved' : 'denied',
    askedAt: new Date(row.askedAt).toISOString(),
    expiresAt: new Date(row.expiresAt).toISOString(),
    decidedAt: row.decidedAt === null ? null : new Date(row.decidedAt).toISOString(),
    decidedBy,
  };
}
