import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';

import { PageQuery } from '../../http/pagination.js';
import { ISSUE_PATTERN, ISSUE_RULE } from '../../workspaces/issue-key.js';
import { RUN_STATUSES, type RunStatus } from '../run-status.js';

export class ListRunsQuery extends PageQuery {
  /** Only runs of this issue, such as `MT-1`. */
  @ApiPropertyOptional({ pattern: ISSUE_PATTERN.source })
  @IsOptional()
  @IsString()
  @Matches(ISSUE_PATTERN, { message: `issue ${ISSUE_RULE}` })
  issue?: string;

  /** Only runs in this state. */
  @IsOptional()
  @IsIn(RUN_STATUSES)
  status?: RunStatus;
}

export class WaitQuery {
  /** Answer when it is over, or after this many seconds. */
  @ApiPropertyOptional({ type: 'integer' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(60)
  wait: number = 0;
}

export class SandboxQuery {
  /** That of this turn; absent: of the current one, or of the last. */
  @ApiPropertyOptional({ type: 'integer' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(999_999_999)
  turn?: number;
}

export class OutputQuery {
  /** Only what comes behind the record with this `seq`; as the header `Last-Event-ID`. */
  @ApiPropertyOptional({ type: 'integer' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  after?: number;

  /** `true`: go on until the run has finished. Events always do. */
  @IsOptional()
  @Type(() => String)
  @IsIn(['true', 'false'])
  follow?: 'true' | 'false';

  /** `true`: text shows the raw lines of an agent too. Records and events always do. */
  @IsOptional()
  @Type(() => String)
  @IsIn(['true', 'false'])
  raw?: 'true' | 'false';
}
