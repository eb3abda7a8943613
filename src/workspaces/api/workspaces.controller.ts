import { Controller, Delete, Get, HttpCode, HttpStatus, Param, Query } from '@nestjs/common';
import {
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';

import { RequestOrigin } from '../../http/origin.decorator.js';
import { PageQuery } from '../../http/pagination.js';
import type { Origin } from '../../kernel/origin.js';
import { ApiRead, ApiWrite } from '../../kernel/route-metadata.js';
import { WorkspaceCatalogue } from '../workspace-catalogue.js';
import { ISSUE_PARAM } from './issue-param.js';
import { WorkspacePage, viewOf } from './workspace.dto.js';

@ApiTags('workspaces')
@Controller('api/v1/workspaces')
export class WorkspacesController {
  constructor(private readonly catalogue: WorkspaceCatalogue) {}

  /**
   * By issue. Disk use is measured beside the request, at most once a minute for each and once more
   * after a run of it; the list waits three seconds for it and then shows what it knows, so `bytes` can be `null`, or as old as
   * `measuredAt` says. One that takes longer than ten seconds to measure stays as it was.
   */
  @Get()
  @ApiOperation({ summary: 'List workspaces' })
  @ApiRead('validation_failed', 'invalid_cursor')
  @ApiOkResponse({ description: 'A page of workspaces', type: WorkspacePage })
  async list(@Query() { limit, cursor }: PageQuery): Promise<WorkspacePage> {
    const page = await this.catalogue.page(limit, cursor);
    return { items: page.items.map(viewOf), nextCursor: page.nextCursor };
  }

  /**
   * Removes the issue’s workspace and its HOME with all caches. Both are gone at once; their space is
   * free soon after. Refused while a run uses them; queued runs begin with an empty workspace.
   */
  @Delete(':issue')
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiOperation({ summary: 'Delete a workspace' })
  @ApiWrite(
    'workspace.deleted',
    'workspace_not_found',
    'workspace_busy',
    'storage_busy',
    'storage_unavailable',
  )
  @ApiParam(ISSUE_PARAM)
  @ApiNoContentResponse({ description: 'Deleted' })
  async delete(@Param('issue') issue: string, @RequestOrigin() origin: Origin): Promise<void> {
    await this.catalogue.remove(issue, origin);
  }
}
