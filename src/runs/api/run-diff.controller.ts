import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';

import { ApiRead } from '../../kernel/route-metadata.js';
import { RunDiffs } from '../diff/run-diffs.js';
import { RUN_PARAM } from './run-param.js';

const MEDIA_TYPE = 'text/x-diff';
const EXAMPLE = `diff --git a/a.txt b/a.txt
index 78981922613b2afb6025042ff6bd878ac1994e85..422c2b7ab3b3c668038da977e4e93a5fc623169c 100644
--- a/a.txt
+++ b/a.txt
@@ -1 +1,2 @@
 a
+b
`;

@ApiTags('runs')
@Controller('api/v1/runs')
export class RunDiffController {
  constructor(private readonly diffs: RunDiffs) {}

  /**
   * How the workspace’s files differ now from the commit that was checked out when the run began, as
   * git’s patch: what the run committed and what it did not commit, new files too. Where there was no
   * repository, or no commit in it, every file is new. While the run is live its workspace may change as
   * it is read. Nothing of the workspace is run for it, and none of its git settings counts.
   *
   * Left out is what the `.gitignore` files of that commit say, unless the commit or git’s index has it:
   * what a run writes into a `.gitignore` hides nothing. Of binary files, and of text above 8 MiB, only
   * that they differ is told; of submodules their commit. The values of the run’s secrets are `***`.
   */
  @Get(':id/diff')
  @ApiRead(
    'run_not_found',
    'diff_unavailable',
    'workspace_taken',
    'workspace_gone',
    'workspace_busy',
    'repository_unreadable',
    'diff_too_large',
    'too_many_streams',
    'secrets_locked',
    'secret_unreadable',
    'engine_unavailable',
    'control_unavailable',
  )
  @ApiOperation({ summary: 'Show what a run changed' })
  @ApiParam(RUN_PARAM)
  @ApiOkResponse({
    description: 'The patch; empty where nothing has changed',
    content: { [MEDIA_TYPE]: { schema: { type: 'string' }, example: EXAMPLE } },
    headers: {
      'Diff-Base': {
        description: 'The commit that the patch begins from; `none`: from no files at all',
        schema: { type: 'string', example: '4b825dc642cb6eb9a060e54bf8d69288fbee4904' },
      },
    },
  })
  async diff(@Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    const isHead = reply.request.method === 'HEAD';
    const { commit, patch } = isHead
      ? { commit: (await this.diffs.check(id)).commit, patch: undefined }
      : await this.diffs.of(id);
    void reply.header('Content-Type', MEDIA_TYPE);
    void reply.header('Cache-Control', 'no-store');
    void reply.header('Diff-Base', commit ?? 'none');
    await reply.send(patch);
  }
}
