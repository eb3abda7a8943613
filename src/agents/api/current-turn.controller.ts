import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';

import { RequestOrigin } from '../../http/origin.decorator.js';
import type { Origin } from '../../kernel/origin.js';
import { ApiWrite } from '../../kernel/route-metadata.js';
import { RUN_PARAM } from '../../runs/api/run-param.js';
import { RunsService } from '../../runs/runs.service.js';
import { TurnDirection } from '../turn-direction.js';
import { SteerTurnDto } from './steer-turn.dto.js';

@ApiTags('runs')
@Controller('api/v1/runs/:id/turns/current')
export class CurrentTurnController {
  constructor(
    private readonly runs: RunsService,
    private readonly direction: TurnDirection,
  ) {}

  /** Answered once the agent took it; it reads it before its next step. */
  @Post('steer')
  @HttpCode(204)
  @ApiWrite(
    'run.turn_steered',
    'validation_failed',
    'run_not_found',
    'turn_not_steerable',
    'storage_busy',
    'storage_unavailable',
  )
  @ApiOperation({ summary: 'Tell an agent something while its turn goes on' })
  @ApiParam(RUN_PARAM)
  @ApiBody({
    type: SteerTurnDto,
    examples: {
      mind: { summary: 'A thing to mind', value: { prompt: 'Leave the tests as they are' } },
    },
  })
  @ApiNoContentResponse({ description: 'The agent took it' })
  async steer(
    @Param('id') id: string,
    @Body() { prompt }: SteerTurnDto,
    @RequestOrigin() origin: Origin,
  ): Promise<void> {
    await this.runs.get(id);
    await this.direction.steer(id, prompt, origin);
  }

  /**
   * Ends the turn through the agent’s own protocol: the turn fails with reason `interrupted`, and a
   * `keepAlive` run goes on with its thread. Cancelling the run ends it for good.
   */
  @Post('interrupt')
  @HttpCode(204)
  @ApiWrite(
    'run.turn_interrupted',
    'run_not_found',
    'turn_not_steerable',
    'storage_busy',
    'storage_unavailable',
  )
  @ApiOperation({ summary: 'Interrupt the turn of an agent' })
  @ApiParam(RUN_PARAM)
  @ApiNoContentResponse({ description: 'The agent is being interrupted' })
  async interrupt(@Param('id') id: string, @RequestOrigin() origin: Origin): Promise<void> {
    await this.runs.get(id);
    await this.direction.interrupt(id, origin);
  }
}
