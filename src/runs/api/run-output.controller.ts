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

import { ApiRead } from '../../kernel/route-metadata.js';
import { OutputFollower } from '../output/output-follower.js';
import { isOfAgent } from '../run-view.js';
import { RunsService } from '../runs.service.js';
import {
  MEDIA_TYPES,
  chosenFormat,
  formatEvent,
  formatRecords,
  type OutputFormat,
} from './output-format.js';
import { OUTPUT_CONTENT } from './output-content.js';
import { RUN_PARAM } from './run-param.js';
import { OutputQuery } from './run-query.dto.js';
import { OutputRecordView } from './run-responses.dto.js';
import { goneSignal, sendStream, seqOf } from './streamed-reply.js';

interface Shape {
  format: OutputFormat;
  hideRaw: boolean;
}

@ApiTags('runs')
@Controller('api/v1/runs')
export class RunOutputController {
  constructor(
    private readonly runs: RunsService,
    private readonly follower: OutputFollower,
  ) {}

  /**
   * What the run printed, with the values of its secrets as `***`. `Accept` chooses the form:
   * `application/x-ndjson` (the default), `text/plain`, or `text/event-stream`, which is live.
   *
   * An agent’s standard output is the lines by which it speaks to Risoluto; what it did is in records of
   * the stream `agent`, each with an `event`. As `text/plain` those lines are left out unless `raw=true`.
   *
   * Live output ends when the run does. Events end with `event: end` and the outcome; when the service
   * stops they end with `event: stopping`: connect again with `Last-Event-ID`, the last `id` that came.
   * A client that does not read for 30 seconds is cut off.
   */
  @Get(':id/output')
  @ApiRead('validation_failed', 'run_not_found', 'too_many_streams')
  @ApiOperation({ summary: 'Read or follow a run’s output' })
  @ApiParam(RUN_PARAM)
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'The `seq` of the last record that came, such as `17`; as `after`, which wins',
    schema: { type: 'string' },
  })
  @ApiExtraModels(OutputRecordView)
  @ApiOkResponse({
    description: 'Records, one a line; their events; or their text alone',
    content: OUTPUT_CONTENT,
    headers: {
      'X-Accel-Buffering': {
        description: '`no` on live output: a proxy in front must not gather it',
        schema: { type: 'string', example: 'no' },
      },
    },
  })
  async output(
    @Param('id') id: string,
    @Query() query: OutputQuery,
    @Headers('accept') accept: string | undefined,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const gone = goneSignal(reply);
    const run = await this.runs.get(id);
    // `close` comes once: a place that is taken after it would never be given back.
    if (gone.aborted) return void reply.hijack();
    const format = chosenFormat(accept);
    const after = query.after ?? seqOf(lastEventId);
    const live = format === 'events' || query.follow === 'true';
    reply.raw.once('close', this.follower.enter(reply.request.risoluto.clientAddress));
    const shape = { format, hideRaw: query.raw !== 'true' && isOfAgent(run) };
    const chunks = live
      ? this.#live(run.id, after, { ...shape, gone })
      : this.#stored(run.id, after, shape);
    await sendStream(reply, chunks, { mediaType: MEDIA_TYPES[format], live });
  }

  async *#stored(runId: string, after: number, { format, hideRaw }: Shape): AsyncGenerator<string> {
    for await (const records of this.follower.stored(runId, after)) {
      yield formatRecords(format, records, hideRaw);
    }
  }

  async *#live(
    runId: string,
    after: number,
    { format, hideRaw, gone }: Shape & { gone: AbortSignal },
  ): AsyncGenerator<string> {
    // Headers go out with the first bytes; a client that waits for output shall see them at once.
    if (format === 'events') yield ': output of the run follows\nretry: 1000\n\n';
    for await (const event of this.follower.follow(runId, after, gone)) {
      const text =
        event.kind === 'records'
          ? formatRecords(format, event.records, hideRaw)
          : formatEvent(format, event);
      if (text !== '') yield text;
    }
  }
}
