import { Type } from 'class-transformer';
import { IsIn, IsISO8601, IsOptional, IsString, Length } from 'class-validator';

import { PageQuery } from '../../http/pagination.js';

export class AuditQuery extends PageQuery {
  /** Who did it, exactly: `loopback`, `write-token`, `token:<name>`, `webhook:<source>`, `cli:<user>`, `system`. */
  @IsOptional()
  @IsString()
  @Length(1, 256)
  actor?: string;

  /** What was done, exactly: `secret.set`. */
  @IsOptional()
  @IsString()
  @Length(1, 256)
  action?: string;

  /** What it was done to, exactly: a secret's key, a run's id. */
  @IsOptional()
  @IsString()
  @Length(1, 256)
  target?: string;

  /** Not before this time: ISO-8601, such as `2026-11-23T12:00:00Z`. */
  @IsOptional()
  @IsISO8601({ strict: true })
  from?: string;

  /** Before this time: ISO-8601, such as `2026-11-24T12:00:00Z`. */
  @IsOptional()
  @IsISO8601({ strict: true })
  to?: string;
}

export class VerifyQuery {
  /** `true`: from the first row, not from the last checkpoint. Needs write access. */
  @IsOptional()
  @Type(() => String)
  @IsIn(['true', 'false'])
  full?: 'true' | 'false';
}
