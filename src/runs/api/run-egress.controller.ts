import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';

import { DecisionTrail } from '../../egress/decisions/decision-trail.js';
import type { DecisionFilter } from '../../egress/decisions/stored-decision.js';
import { decodeCursor, encodeCursor, invalidCursor } from '../../http/pagination.js';
import { ApiRead } from '../../kernel/route-metadata.js';
import { DecisionFollower } from '../egress/decision-follower.js';
import type { DecisionsFrom } from '../egress/decision-reading.js';
import { isFinal } from '../run-status.js';
import type { RunEntity } from '../run.entity.js';
import { RunsService } from '../runs.service.js';
import { formatDecisionEvent, viewOf, wantsEvents } from './decision-format.js';
import { EGRESS_CONTENT } from './egress-content.js';
import {
  AllowlistSuggestionView,
  DecisionPage,
  DecisionView,
  EgressQuery,
} from './run-egress.dto.js';
import { RUN_PARAM } from './run-param.js';
import { goneSignal, sendStream, seqOf } from './streamed-reply.js';

@ApiTags('runs')
@Controller('api/v1/runs')
export class RunEgressController {
  constructor(
    private readonly runs: RunsService,
    private readonly trail: DecisionTrail,
    private readonly follower: DecisionFollower,
  ) {}

  /**
   * Every connection that the run’s sandboxes asked the egress gateway for, and whether it was let
   * through. Alike denials of a turn are one item with a `count`, and so are alike connections beyond
   * 10,000. Runs whose traffic does not pass the gateway have none.
   *
   * `Accept: text/event-stream` is live: `event: decision` for each one, `event: update` with the whole
   * item when its connection has ended or its `count` has risen, and `event: end` with the outcome;
   * when the service stops, `event: stopping`: connect again with `Last-Event-ID`, the last `id` that
   * came, and what may have changed before it comes again as updates. A client that does not read for
   * 30 seconds is cut off.
   *
   * `suggest=allowlist` answers the smallest allowlist that would have sufficed.
   */
  @Get(':id/egress')
  @ApiRead('validation_failed', 'invalid_cursor', 'run_not_found', 'too_many_streams')
  @ApiOperation({ summary: 'List or follow a run’s egress decisions' })
  @ApiParam(RUN_PARAM)
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'The `seq` of the last decision that came, such as `17`; as `after`, which wins',
    schema: { type: 'string' },
  })
  @ApiExtraModels(DecisionView, DecisionPage, AllowlistSuggestionView)
  @ApiOkResponse({
    description: 'A page of decisions, their events, or the suggestion',
    content: EGRESS_CONTENT,
    headers: {
      'X-Accel-Buffering': {
        description: '`no` on events: a proxy in front must not gather them',
        schema: { type: 'string', example: 'no' },
      },
    },
  })
  async egress(
    @Param('id') id: string,
    @Query() query: EgressQuery,
    @Headers('accept') accept: string | undefined,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const gone = goneSignal(reply);
    const run = await this.runs.get(id);
    if (query.suggest !== undefined) {
      const suggestion = await this.trail.suggest(run.id, !isFinal(run.status));
      return void (await reply.send(suggestion satisfies AllowlistSuggestionView));
    }
    if (!wantsEvents(accept)) return void (await reply.send(await this.#page(run, query)));
    // `close` comes once: a place that is taken after it would never be given back.
    if (gone.aborted) return void reply.hijack();
    reply.raw.once('close', this.follower.enter(reply.request.risoluto.clientAddress));
    const after = query.after ?? seqOf(lastEventId);
    const events = this.#events({ runId: run.id, after, filter: filterOf(query) }, gone);
    await sendStream(reply, events, {
      mediaType: 'text/event-stream; charset=utf-8',
      live: true,
    });
  }

  async #page(run: RunEntity, query: EgressQuery): Promise<DecisionPage> {
    const after = query.cursor === undefined ? 0 : seqOfCursor(query.cursor);
    const range = { after, limit: query.limit + 1 };
    const found = await this.trail.range(run.id, range, filterOf(query));
    const items = found.slice(0, query.limit);
    const last = items.at(-1);
    const more = found.length > items.length && last !== undefined;
    return {
      items: items.map(viewOf),
      nextCursor: more ? encodeCursor([last.seq]) : null,
      mode: await this.trail.modeOf(run.id, !isFinal(run.status)),
    };
  }

  async *#events(from: DecisionsFrom, gone: AbortSignal): AsyncGenerator<string> {
    // Headers go out with the first bytes; a client that waits for decisions shall see them at once.
    yield ': egress decisions of the run follow\nretry: 1000\n\n';
    for await (const event of this.follower.follow(from, gone)) yield formatDecisionEvent(event);
  }
}

function filterOf({ allowed, turn }: EgressQuery): DecisionFilter {
  return { turn, ...(allowed !== undefined && { allowed: allowed === 'true' }) };
}

function seqOfCursor(cursor: string): number {
  const [seq, ...more] = decodeCursor(cursor);
  if (typeof seq === 'number' && Number.isSafeInteger(seq) && seq > 0 && more.length === 0) {
    return seq;
  }
  throw invalidCursor();
}
