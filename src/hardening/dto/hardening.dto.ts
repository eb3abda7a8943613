import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Matches } from 'class-validator';
import { Type } from 'class-transformer';

import { MayBeAbsent } from '../../http/may-be-absent.js';
import type { HardeningStatus } from '../../kernel/hardening.js';

const STATUSES = ['pass', 'warn', 'fail'];

@ApiSchema({ description: 'One line of the checklist' })
export class HardeningItem {
  /** Stable; what is looked at stands in docs/hardening-items.md. */
  @ApiProperty({ example: 'file-modes' })
  id: string;

  /** For people. */
  @ApiProperty({ example: 'Modes of files' })
  title: string;

  /** `warn` too where it could not be checked. */
  @ApiProperty({ enum: STATUSES, example: 'fail' })
  status: HardeningStatus;

  /** What was found. */
  @ApiProperty({ example: '/srv/risoluto/.risoluto/risoluto.db has mode 0644.' })
  detail: string;

  /** Shell commands that can be pasted, one a line; `null` where there is nothing to do. */
  @ApiProperty({
    type: String,
    nullable: true,
    example: 'chmod go-rwx /srv/risoluto/.risoluto/risoluto.db',
  })
  remedy: string | null;

  /** `false`: it could not be looked at, and `detail` says why. */
  @ApiProperty({ example: true })
  checked: boolean;

  /** ISO-8601, UTC. */
  @ApiProperty({ format: 'date-time', example: '2026-11-23T08:00:00.000Z' })
  checkedAt: string;
}

@ApiSchema({ description: 'The checklist' })
export class HardeningReport {
  /** All items, in the order in which they are best read. */
  @ApiProperty({ type: () => [HardeningItem] })
  items: HardeningItem[];

  /** The list is one page. */
  @ApiProperty({ type: String, nullable: true, example: null })
  nextCursor: string | null;

  /** The worst of all items. */
  @ApiProperty({ enum: STATUSES, example: 'fail' })
  status: HardeningStatus;

  /** Of the oldest item; ISO-8601, UTC. */
  @ApiProperty({ format: 'date-time', example: '2026-11-23T08:00:00.000Z' })
  checkedAt: string;
}

@ApiSchema({ description: 'What the repair of one item did' })
export class HardeningRepair {
  /** Of the checklist’s item. */
  @ApiProperty({ example: 'file-modes' })
  id: string;

  /** One sentence each; empty where there was nothing that could safely be done. */
  @ApiProperty({ type: [String], example: ['.risoluto/risoluto.db: mode 0644 is now 0600'] })
  did: string[];
}

@ApiSchema({ description: 'What was repaired, and how things stand now' })
export class HardeningRepairs {
  /** Every item that a repair exists for. */
  @ApiProperty({ type: () => [HardeningRepair] })
  repairs: HardeningRepair[];

  /** The checklist afterwards: what is not `pass` was left to the operator. */
  @ApiProperty({ type: () => HardeningReport })
  report: HardeningReport;
}

export class HardeningQuery {
  /** `true`: look at everything now, whatever was found a moment ago. Needs write access. */
  @IsOptional()
  @Type(() => String)
  @IsIn(['true', 'false'])
  fresh?: 'true' | 'false';

  /** This item alone, by its id. */
  @IsOptional()
  @IsString()
  @Matches(/^[a-z][a-z0-9-]{0,63}$/, { message: '$property must be the id of an item' })
  @ApiProperty({ required: false, pattern: '^[a-z][a-z0-9-]{0,63}$' })
  item?: string;
}

@ApiSchema({ description: 'That a copy of the master key exists elsewhere' })
export class AcknowledgeBackupBody {
  /**
   * That the copy is the key in use: the CLI makes it from the file that `--key-file` names, and the
   * key itself is not sent. Without it the acknowledgement is taken as said.
   */
  @MayBeAbsent()
  @IsString()
  @Matches(/^[0-9a-f]{64}$/, { message: '$property must be 64 hexadecimal digits' })
  @ApiProperty({ required: false, pattern: '^[0-9a-f]{64}$' })
  proof?: string;
}
