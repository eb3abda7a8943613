import { Controller, HttpCode, HttpStatus, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';

import { RequestOrigin } from '../http/origin.decorator.js';
import type { Origin } from '../kernel/origin.js';
import { ApiWrite } from '../kernel/route-metadata.js';
import { RotationView } from './dto/rotation-dto.js';
import { KeyRotation } from './key-rotation.js';
import { KEY_ROTATED } from './secret-actions.js';

@ApiTags('secrets')
@Controller('api/v1/master-key')
export class MasterKeyController {
  constructor(private readonly rotation: KeyRotation) {}

  /**
   * Encrypts everything that is under `MASTER_KEY_PREVIOUS` with `MASTER_KEY`, in one transaction. No
   * key is in the request: the service was started with both. Repeated, it finds nothing to do.
   */
  @Post('rotation')
  @ApiOperation({ summary: 'Pass from the key before to the master key' })
  @ApiWrite(
    KEY_ROTATED,
    'secrets_locked',
    'secret_unreadable',
    'storage_busy',
    'storage_unavailable',
    'shutting_down',
  )
  @HttpCode(HttpStatus.OK)
  @ApiOkResponse({ description: 'Everything is under `MASTER_KEY`', type: RotationView })
  rotate(@RequestOrigin() origin: Origin): Promise<RotationView> {
    return this.rotation.rotate(origin);
  }
}
