import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';

import { RequestOrigin } from '../../http/origin.decorator.js';
import { PageQuery, type Page } from '../../http/pagination.js';
import type { Origin } from '../../kernel/origin.js';
import { ApiRead, ApiWrite } from '../../kernel/route-metadata.js';
import { RUN_PARAM } from '../../runs/api/run-param.js';
import { RunsService } from '../../runs/runs.service.js';
import { Approvals } from '../approvals/approvals.service.js';
import { ApprovalPage, ApprovalView, viewOfApproval } from './approval-view.dto.js';
import { DecideApprovalDto } from './decide-approval.dto.js';

@ApiTags('runs')
@Controller('api/v1/runs/:id/approvals')
export class ApprovalsController {
  constructor(
    private readonly runs: RunsService,
    private readonly approvals: Approvals,
  ) {}

  /**
   * What the run’s agent asked a person to allow, where `codex.agent.approvalPolicy` has it ask; the
   * last first. The sandbox holds whatever is approved.
   */
  @Get()
  @ApiRead('validation_failed', 'invalid_cursor', 'run_not_found')
  @ApiOperation({ summary: 'List what an agent asked to be allowed' })
  @ApiParam(RUN_PARAM)
  @ApiOkResponse({ description: 'A page of approvals', type: ApprovalPage })
  async list(@Param('id') id: string, @Query() query: PageQuery): Promise<Page<ApprovalView>> {
    await this.runs.get(id);
    const { items, nextCursor } = await this.approvals.list(id, query);
    return { items: items.map(viewOfApproval), nextCursor };
  }

  /** Answers one of them. The first answer stands. */
  @Post()
  @HttpCode(200)
  @ApiWrite(
    'approval.decided',
    'validation_failed',
    'run_not_found',
    'approval_not_found',
    'approval_decided',
    'storage_busy',
    'storage_unavailable',
  )
  @ApiOperation({ summary: 'Allow or deny what an agent asked' })
  @ApiParam(RUN_PARAM)
  @ApiBody({
    type: DecideApprovalDto,
    examples: {
      deny: {
        summary: 'Deny what was asked',
        value: { id: '01K8Z3Q5V7W9X1Y3Z5A7B9C1D3', decision: 'deny' },
      },
    },
  })
  @ApiOkResponse({ description: 'The approval as it is now', type: ApprovalView })
  async decide(
    @Param('id') id: string,
    @Body() body: DecideApprovalDto,
    @RequestOrigin() origin: Origin,
  ): Promise<ApprovalView> {
    await this.runs.get(id);
    return viewOfApproval(await this.approvals.decide(id, body.id, body.decision, origin));
  }
}
