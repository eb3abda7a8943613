import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';

import { RequestOrigin } from '../../http/origin.decorator.js';
import { PageQuery, type Page } from '../../http/pagination.js';
import type { Origin } from '../../kernel/origin.js';
import { ApiRead, ApiWrite } from '../../kernel/route-metadata.js';
import { viewOfTurn } from '../turns/turn-view.js';
import { TurnView } from '../turns/turn-view.dto.js';
import { TurnsService, type TurnOfRun } from '../turns/turns.service.js';
import { WaitingRoom } from '../waiting-room.js';
import { CreateTurnDto } from './create-turn.dto.js';
import { ACCEPTED_TURN, locateTurn, TURN_REFUSALS } from './accepted-turn.js';
import { TURN_EXAMPLES } from './turn-examples.js';
import { RUN_PARAM, TURN_PARAM, turnNumber } from './run-param.js';
import { WaitQuery } from './run-query.dto.js';
import { TurnPage } from './run-responses.dto.js';

@ApiTags('runs')
@Controller('api/v1/runs/:id/turns')
export class TurnsController {
  constructor(
    private readonly turns: TurnsService,
    private readonly room: WaitingRoom,
  ) {}

  /**
   * The next command of a `keepAlive` run, or the next prompt to its agent, in a new sandbox on the same workspace and HOME: files stay
   * from turn to turn, processes and `/tmp` do not. It has the run’s environment and secrets, and its
   * own. One turn at a time: 409 `turn_active` until the one before is over.
   */
  @Post()
  @HttpCode(202)
  @ApiWrite('run.turn_created', 'validation_failed', 'environment_refused', ...TURN_REFUSALS)
  @ApiOperation({ summary: 'Start another turn of a run' })
  @ApiParam(RUN_PARAM)
  @ApiBody({ type: CreateTurnDto, examples: { ...TURN_EXAMPLES } })
  @ApiAcceptedResponse(ACCEPTED_TURN)
  async create(
    @Param('id') id: string,
    @Body() body: CreateTurnDto,
    @RequestOrigin() origin: Origin,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TurnView> {
    const created = await this.turns.create(id, body, origin);
    locateTurn(reply, created);
    return this.#view(created);
  }

  /** The first turn first. A run that is not kept alive has one. */
  @Get()
  @ApiRead('validation_failed', 'invalid_cursor', 'run_not_found')
  @ApiOperation({ summary: 'List the turns of a run' })
  @ApiParam(RUN_PARAM)
  @ApiOkResponse({ description: 'A page of turns', type: TurnPage })
  async list(@Param('id') id: string, @Query() query: PageQuery): Promise<Page<TurnView>> {
    const { items, nextCursor } = await this.turns.list(id, query);
    return { items: items.map((turn) => this.#view(turn)), nextCursor };
  }

  /** One turn; with `wait`, as soon as it is over, or as it is after that many seconds. */
  @Get(':number')
  @ApiRead('validation_failed', 'run_not_found', 'turn_not_found', 'too_many_streams')
  @ApiOperation({ summary: 'Show a turn, or wait for its end' })
  @ApiParam(RUN_PARAM)
  @ApiParam(TURN_PARAM)
  @ApiOkResponse({ description: 'The turn as it is now', type: TurnView })
  async get(
    @Param('id') id: string,
    @Param('number') number: string,
    @Query() query: WaitQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TurnView> {
    const gone = new AbortController();
    if (query.wait > 0) reply.raw.once('close', () => gone.abort());
    const { clientAddress } = reply.request.risoluto;
    const wait = { seconds: query.wait, gone: gone.signal, clientAddress };
    return this.#view(await this.turns.getOver(id, turnNumber(number), wait));
  }

  #view(one: TurnOfRun): TurnView {
    return viewOfTurn(one, this.room.reasonOf(one.run.id));
  }
}
