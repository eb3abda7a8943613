import { Readable } from 'node:stream';

import { Controller, Get, HttpCode, HttpStatus, Param, Put, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import {
  ApiBody,
  ApiConsumes,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { RequestOrigin } from '../../http/origin.decorator.js';
import { STREAMED_BODY, readBody } from '../../http/streamed-body.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { Origin } from '../../kernel/origin.js';
import { ApiRead, ApiWrite } from '../../kernel/route-metadata.js';
import { WorkspaceDownloads } from '../workspace-downloads.js';
import { WorkspaceUploads } from '../workspace-uploads.js';
import { ISSUE_PARAM } from './issue-param.js';

const MEDIA_TYPE = 'application/gzip';
const TAKEN = /^application\/(gzip|x-gzip)\s*(;|$)/i;

/** Between two pieces, of an upload or a download. */
const PAUSE_MS = 30_000;
const LOOK_MS = 1000;
const WHOLE_MS = 60 * 60_000;

const BYTES = { type: 'string', format: 'binary' } as const;

@ApiTags('workspaces')
@Controller('api/v1/workspaces')
export class WorkspaceArchiveController {
  constructor(
    private readonly downloads: WorkspaceDownloads,
    private readonly uploads: WorkspaceUploads,
  ) {}

  /**
   * The issue’s workspace as tar.gz, without HOME. Links are in it as links; sockets, FIFOs and devices
   * are left out. What a run left is whatever a command wanted: unpack it as you would a stranger’s.
   *
   * Refused where its files are longer together than twice `codex.sandbox.resources.workspace`: a file
   * of holes counts with its whole length. Refused while a run uses the workspace; runs of the issue wait until it is sent. A client that
   * does not read for 30 seconds, or takes longer than an hour, is cut off. So is an archive
   * that cannot be sent whole.
   */
  @Get(':issue/archive')
  @ApiRead(
    'validation_failed',
    'workspace_not_found',
    'workspace_busy',
    'archive_too_large',
    'too_many_streams',
    'engine_unavailable',
    'control_unavailable',
    'storage_busy',
    'storage_unavailable',
  )
  @ApiOperation({ summary: 'Download a workspace' })
  @ApiParam(ISSUE_PARAM)
  @ApiOkResponse({
    description: 'A tar archive, compressed with gzip',
    content: { [MEDIA_TYPE]: { schema: BYTES } },
    headers: {
      'Content-Disposition': {
        description: 'A name for the file',
        schema: { type: 'string', example: 'attachment; filename="MT-1.tar.gz"' },
      },
    },
  })
  async download(@Param('issue') issue: string, @Res() reply: FastifyReply): Promise<void> {
    let gone = false;
    reply.raw.once('close', () => (gone = true));
    const isHead = reply.request.method === 'HEAD';
    const archive = isHead ? null : await this.downloads.open(issue);
    if (isHead) await this.downloads.check(issue);
    if (gone) {
      archive?.destroy();
      return void reply.hijack();
    }
    void reply.header('Content-Type', MEDIA_TYPE);
    void reply.header('Content-Disposition', `attachment; filename="${issue}.tar.gz"`);
    void reply.header('Cache-Control', 'no-store');
    void reply.header('X-Accel-Buffering', 'no');
    if (archive === null) return void (await reply.send());
    cutWhenSlow(archive, reply);
    await reply.send(archive);
  }

  /**
   * Replaces the issue’s workspace with what is in a tar.gz, and makes it where there is none; HOME and
   * its caches stay. It is unpacked beside the workspace and put in its place when all of it is there.
   * Files belong to the sandbox’s user; set-uid bits are dropped.
   *
   * Refused, with the entry’s name: absolute names and `..`, links that lead out of the archive,
   * devices, FIFOs and sparse files, names that are not UTF-8, an entry twice, more than 250,000
   * entries or more bytes than `codex.sandbox.resources.workspace`, and what is cut off or goes on
   * behind its end.
   */
  @Put(':issue/archive')
  @RouteConfig(STREAMED_BODY)
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiWrite(
    'workspace.uploaded',
    'validation_failed',
    'workspace_busy',
    'archive_refused',
    'archive_too_large',
    'disk_low',
    'engine_unavailable',
    'control_unavailable',
    'storage_busy',
    'storage_unavailable',
  )
  @ApiOperation({ summary: 'Upload a workspace' })
  @ApiParam(ISSUE_PARAM)
  @ApiConsumes(MEDIA_TYPE)
  @ApiBody({ description: 'A tar archive, compressed with gzip', required: true, schema: BYTES })
  @ApiNoContentResponse({ description: 'The workspace is what was in the archive' })
  async upload(
    @Param('issue') issue: string,
    @Req() request: FastifyRequest,
    @RequestOrigin() origin: Origin,
  ): Promise<void> {
    checkHeaders(request, this.uploads.mostBytes);
    const patience = { pauseMs: PAUSE_MS, wholeMs: WHOLE_MS };
    const body = Readable.from(readBody(request.raw, patience), { objectMode: false });
    await this.uploads.receive(issue, body, origin);
  }
}

function checkHeaders({ headers }: FastifyRequest, mostBytes: number): void {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (!TAKEN.test(headers['content-type'] ?? '') || encoding.toLowerCase() !== 'identity') {
    throw new DomainError(
      'unsupported_media_type',
      `The body must be a tar.gz with Content-Type: ${MEDIA_TYPE}`,
    );
  }
  if (Number(headers['content-length'] ?? 0) <= mostBytes) return;
  throw new DomainError('archive_too_large', `The archive is larger than ${mostBytes} bytes`);
}

/** Whoever does not read holds a workspace and a helper. */
function cutWhenSlow(archive: Readable, { raw }: FastifyReply): void {
  const cut = () => raw.destroy();
  const whole = setTimeout(cut, WHOLE_MS);
  let taken = 0;
  let lastMoved = performance.now();
  const looking = setInterval(() => {
    const now = raw.socket?.bytesWritten ?? 0;
    const waits = raw.writableLength > 0 && now === taken;
    taken = now;
    if (!waits) lastMoved = performance.now();
    else if (performance.now() - lastMoved > PAUSE_MS) cut();
  }, LOOK_MS);
  raw.once('close', () => {
    clearTimeout(whole);
    clearInterval(looking);
    archive.destroy();
  });
}
