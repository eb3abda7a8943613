import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { RequestOrigin } from '../../http/origin.decorator.js';
import type { Page } from '../../http/pagination.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { Origin } from '../../kernel/origin.js';
import { ApiRead, ApiWrite } from '../../kernel/route-metadata.js';
import { IDEMPOTENCY_KEY_PATTERN, idempotentRequest } from '../idempotency.js';
import { viewOf } from '../run-view.js';
import { RunView } from '../run-view.dto.js';
import type { RunEntity } from '../run.entity.js';
import { RunsService } from '../runs.service.js';
import { TurnsService } from '../turns/turns.service.js';
import { WaitingRoom } from '../waiting-room.js';
import { CreateRunDto } from './create-run.dto.js';
import { ListRunsQuery, SandboxQuery, WaitQuery } from './run-query.dto.js';
import { RUN_EXAMPLES } from './run-examples.js';
import { RUN_PARAM } from './run-param.js';
import { RunPage, SandboxReportView } from './run-responses.dto.js';

const ROUTE = 'POST /api/v1/runs';

@ApiTags('runs')
@Controller('api/v1/runs')
export class RunsController {
  constructor(
    private readonly runs: RunsService,
    private readonly turns: TurnsService,
    private readonly room: WaitingRoom,
  ) {}

  /**
   * Runs a command or an agent in a sandbox on an issue’s workspace. The run waits in line until there is room; one
   * run at a time uses a workspace. Read its state at `Location`, with `?wait=30` when it has ended.
   */
  @Post()
  @HttpCode(202)
  @ApiWrite(
    'run.created',
    'validation_failed',
    'invalid_idempotency_key',
    'idempotency_key_reused',
    'policy_widened',
    'control_unavailable',
    'environment_refused',
    'agent_unknown',
    'secret_unknown',
    'secrets_locked',
    'queue_full',
    'disk_low',
    'storage_busy',
    'storage_unavailable',
  )
  @ApiOperation({ summary: 'Start a run' })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description:
      'Of your choice, such as `build-4711`: the same key and body within 24 hours give the same run, and none is made twice',
    schema: { type: 'string', pattern: IDEMPOTENCY_KEY_PATTERN.source },
  })
  @ApiBody({ type: CreateRunDto, examples: { ...RUN_EXAMPLES } })
  @ApiAcceptedResponse({
    description: 'The run was accepted; it is stored and will be run once',
    type: RunView,
    headers: {
      Location: {
        description: 'Where the run is read',
        required: true,
        schema: { type: 'string', example: '/api/v1/runs/01K8Z3Q5V7W9X1Y3Z5A7B9C1D3' },
      },
      'Idempotent-Replayed': {
        description: '`true` when an earlier request with the same key made the run; else absent',
        schema: { type: 'string', example: 'true' },
      },
    },
  })
  async create(
    @Body() body: CreateRunDto,
    @RequestOrigin() origin: Origin,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RunView> {
    const { actor } = origin;
    const bytes = request.risoluto.bodyBytes ?? Buffer.alloc(0);
    const idempotent = idempotentRequest(request.headers['idempotency-key'], {
      actor,
      route: ROUTE,
      body: bytes,
    });
    const { issue, ...rest } = body;
    const { run, replayed } = await this.runs.create(issue, rest, origin, idempotent);
    void reply.header('Location', `/api/v1/runs/${run.id}`);
    if (replayed) void reply.header('Idempotent-Replayed', 'true');
    return this.#view(run);
  }

  /** The newest run first. Filters may be combined. */
  @Get()
  @ApiRead('validation_failed', 'invalid_cursor')
  @ApiOperation({ summary: 'List runs' })
  @ApiOkResponse({ description: 'A page of runs', type: RunPage })
  async list(@Query() query: ListRunsQuery): Promise<Page<RunView>> {
    const { items, nextCursor } = await this.runs.list(query);
    return { items: items.map((run) => this.#view(run)), nextCursor };
  }

  /**
   * One run; with `wait`, as soon as it has finished or waits for another turn to be asked for, or as
   * it is after that many seconds.
   */
  @Get(':id')
  @ApiRead('validation_failed', 'run_not_found', 'too_many_streams')
  @ApiOperation({ summary: 'Show a run, or wait for its end' })
  @ApiParam(RUN_PARAM)
  @ApiOkResponse({ description: 'The run as it is now', type: RunView })
  async get(
    @Param('id') id: string,
    @Query() query: WaitQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RunView> {
    const gone = new AbortController();
    if (query.wait > 0) reply.raw.once('close', () => gone.abort());
    const { clientAddress } = reply.request.risoluto;
    const waiting = { gone: gone.signal, clientAddress };
    return this.#view(await this.runs.getFinished(id, query.wait, waiting));
  }

  /**
   * What the run’s sandbox really is, as the engine itself says, and who decided each control: that of
   * its current or last turn, or of `turn`. It is kept when the sandbox is gone. Before the sandbox is
   * made: 409 `sandbox_not_ready`.
   */
  @Get(':id/sandbox')
  @ApiRead('validation_failed', 'run_not_found', 'turn_not_found', 'sandbox_not_ready')
  @ApiOperation({ summary: 'Show the controls of a run’s sandbox' })
  @ApiParam(RUN_PARAM)
  @ApiOkResponse({ description: 'The sandbox’s controls', type: SandboxReportView })
  async sandbox(
    @Param('id') id: string,
    @Query() { turn }: SandboxQuery,
  ): Promise<SandboxReportView> {
    const sandboxReport = await this.turns.sandboxReport(id, turn);
    if (sandboxReport === null) {
      throw new DomainError('sandbox_not_ready', 'The run has no sandbox, or does not have it yet');
    }
    return JSON.parse(sandboxReport) as SandboxReportView;
  }

  /**
   * A waiting run is cancelled at once; a running one gets SIGTERM and, ten seconds later, SIGKILL. An
   * idle one ends at once with the outcome of its last turn, or as `cancelled` where its next turn waits.
   * Asking again changes nothing.
   */
  @Post(':id/cancel')
  @HttpCode(202)
  @ApiWrite(
    'run.cancel_requested',
    'run_not_found',
    'run_finished',
    'storage_busy',
    'storage_unavailable',
  )
  @ApiOperation({ summary: 'Cancel a run' })
  @ApiParam(RUN_PARAM)
  @ApiAcceptedResponse({ description: 'The cancellation is recorded', type: RunView })
  async cancel(@Param('id') id: string, @RequestOrigin() origin: Origin): Promise<RunView> {
    return this.#view(await this.runs.cancel(id, origin));
  }

  #view(run: RunEntity): RunView {
    return viewOf(run, this.room.reasonOf(run.id));
  }
}
