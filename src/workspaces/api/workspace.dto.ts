import { ApiProperty, ApiSchema } from '@nestjs/swagger';

import { TIME } from '../../http/time-schema.js';
import type { WorkspaceLine } from '../workspace-catalogue.js';

@ApiSchema({ description: 'What an issue has on disk: its workspace, and HOME with its caches' })
export class WorkspaceView {
  /** The issue that it belongs to. */
  @ApiProperty({ example: 'MT-1' })
  issue: string;

  /** Allocated on disk by workspace and HOME together; `null` until it has been measured. */
  @ApiProperty({ type: 'integer', example: 8192 })
  bytes: number | null;

  /** When that was, ISO-8601 in UTC; `null` with `bytes`. */
  @ApiProperty(TIME)
  measuredAt: string | null;
}

@ApiSchema({ description: 'A page of workspaces, by issue' })
export class WorkspacePage {
  /** Workspaces of this page. */
  items: WorkspaceView[];

  /** Give it back as `cursor`; `null` on the last page. */
  @ApiProperty({ example: null })
  nextCursor: string | null;
}

export function viewOf({ issue, size }: WorkspaceLine): WorkspaceView {
  return {
    issue,
    bytes: size?.bytes ?? null,
    measuredAt: size === null ? null : new Date(size.measuredAt).toISOString(),
  };
}
