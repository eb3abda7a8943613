import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  HttpStatus,
  Post,
  Put,
  Query,
} from '@nestjs/common';
import {
  ApiBody,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';

import { RequestOrigin } from '../http/origin.decorator.js';
import type { Origin } from '../kernel/origin.js';
import { ApiRead, ApiWrite, WriteWithParameter } from '../kernel/route-metadata.js';
import { BACKUP } from './acknowledged-items.js';
import { Acknowledgements } from './acknowledgements.js';
import {
  AcknowledgeBackupBody,
  HardeningQuery,
  HardeningRepairs,
  HardeningReport,
} from './dto/hardening.dto.js';
import { HardeningReports } from './hardening-reports.js';
import { Repairs } from './repairs.js';

const BACKUP_BODY = {
  type: AcknowledgeBackupBody,
  examples: {
    said: {
      summary: 'As said',
      description: 'Nothing is compared; `risoluto doctor --key-file` compares a copy with the key',
      value: {},
    },
  },
};

const STORAGE_CODES = ['storage_busy', 'storage_unavailable', 'shutting_down'] as const;

@ApiTags('operations')
@Controller('api/v1/hardening')
export class HardeningController {
  constructor(
    private readonly reports: HardeningReports,
    private readonly repairs: Repairs,
    private readonly acknowledgements: Acknowledgements,
  ) {}

  /**
   * The checklist: how this installation stands, and what to do where it is not right. Findings are
   * kept for ten seconds, those that take a container for five minutes.
   */
  @Get()
  @ApiOperation({ summary: 'Read the checklist' })
  @ApiRead('validation_failed', 'not_found', 'write_unauthorized', 'write_forbidden')
  @WriteWithParameter('fresh')
  @ApiOkResponse({ description: 'All items, or the one asked for', type: HardeningReport })
  async read(@Query() { fresh, item }: HardeningQuery): Promise<HardeningReport> {
    if (item !== undefined) return this.reports.only(item, fresh === 'true');
    return fresh === 'true' ? this.reports.fresh() : this.reports.current();
  }

  /**
   * Puts right what is safely put right: takes bits off the modes of this service's own files and
   * places its fence again. Weakens nothing, and touches nothing that belongs to the host.
   */
  @Post('repairs')
  @ApiOperation({ summary: 'Put right what is safely put right' })
  @ApiWrite('hardening.repaired', ...STORAGE_CODES)
  @HttpCode(HttpStatus.OK)
  @ApiOkResponse({ description: 'What was done, and what is left', type: HardeningRepairs })
  repair(@RequestOrigin() origin: Origin): Promise<HardeningRepairs> {
    return this.repairs.perform(origin);
  }

  /** Says that a copy of the master key exists elsewhere. It holds for the key in use alone. */
  @Put('acknowledgements/master-key-backup')
  @ApiOperation({ summary: 'Acknowledge the backup of the master key' })
  @ApiBody(BACKUP_BODY)
  @ApiWrite(
    'hardening.acknowledged',
    'validation_failed',
    'secrets_locked',
    'key_mismatch',
    ...STORAGE_CODES,
  )
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiNoContentResponse({ description: 'Acknowledged' })
  async acknowledge(
    @RequestOrigin() origin: Origin,
    @Body() body: AcknowledgeBackupBody,
  ): Promise<void> {
    await this.acknowledgements.acknowledgeBackup(origin, body.proof);
    this.reports.forget(BACKUP);
  }

  /** Takes the acknowledgement back; there need not be one. */
  @Delete('acknowledgements/master-key-backup')
  @ApiOperation({ summary: 'Take the acknowledgement back' })
  @ApiWrite('hardening.acknowledgement_withdrawn', ...STORAGE_CODES)
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiNoContentResponse({ description: 'Not acknowledged any more, if it was' })
  async withdraw(@RequestOrigin() origin: Origin): Promise<void> {
    await this.acknowledgements.withdrawBackup(origin);
    this.reports.forget(BACKUP);
  }
}
