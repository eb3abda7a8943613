import { Controller, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';

import { RequestOrigin } from '../../http/origin.decorator.js';
import type { Origin } from '../../kernel/origin.js';
import { ApiWrite } from '../../kernel/route-metadata.js';
import { viewOfTurn } from '../turns/turn-view.js';
import type { TurnView } from '../turns/turn-view.dto.js';
import { TurnsService } from '../turns/turns.service.js';
import { WaitingRoom } from '../waiting-room.js';
import { ACCEPTED_TURN, locateTurn, TURN_REFUSALS } from './accepted-turn.js';
import { RUN_PARAM } from './run-param.js';

@ApiTags('runs')
@Controller('api/v1/runs')
export class CompactionController {
  constructor(
    private readonly turns: TurnsService,
    private readonly room: WaitingRoom,
  ) {}

  /**
   * Has the agent of a `keepAlive` run put a summary in the place of its conversation so far, so that
   * its next prompts take fewer tokens. It is a turn of its own, between those with prompts: 409
   * `turn_active` while one of them goes on, because an agent would give up what it is at. It uses
   * tokens, which are counted and limited as those of any turn.
   */
  @Post(':id/compact')
  @HttpCode(202)
  @ApiWrite('run.compaction_requested', 'compaction_unsupported', ...TURN_REFUSALS)
  @ApiOperation({ summary: 'Have an agent shorten its conversation' })
  @ApiParam(RUN_PARAM)
  @ApiAcceptedResponse(ACCEPTED_TURN)
  async compact(
    @Param('id') id: string,
    @RequestOrigin() origin: Origin,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TurnView> {
    const created = await this.turns.compact(id, origin);
    locateTurn(reply, created);
    return viewOfTurn(created, this.room.reasonOf(id));
  }
}
