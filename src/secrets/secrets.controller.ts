import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  HttpStatus,
  Param,
  Post,
  Put,
} from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';

import { RequestOrigin } from '../http/origin.decorator.js';
import type { Origin } from '../kernel/origin.js';
import { ApiRead, ApiWrite } from '../kernel/route-metadata.js';
import { SecretList, SetSecretBody, listOf } from './dto/secret-dto.js';
import { SecretStore } from './secret-store.js';

const KEY_PARAM = {
  name: 'key',
  example: 'NPM_TOKEN',
  schema: { type: 'string', pattern: '^[\\w.:-]{1,128}$' },
};

const SET_CODES = [
  'validation_failed',
  'invalid_secret_key',
  'invalid_secret_value',
  'secrets_locked',
  'storage_busy',
  'storage_unavailable',
  'shutting_down',
] as const;

@ApiTags('secrets')
@Controller('api/v1/secrets')
export class SecretsController {
  constructor(private readonly secrets: SecretStore) {}

  /** Names and times of all secrets; values never. */
  @Get()
  @ApiRead('secrets_locked', 'storage_unavailable')
  @ApiOkResponse({ type: SecretList })
  async list(): Promise<SecretList> {
    return listOf(await this.secrets.list());
  }

  /** Stores a value under the key, replacing an earlier one. It is durable when this is answered. */
  @Put(':key')
  @ApiWrite('secret.set', ...SET_CODES)
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiParam(KEY_PARAM)
  @ApiNoContentResponse()
  async put(
    @RequestOrigin() origin: Origin,
    @Param('key') key: string,
    @Body() body: SetSecretBody,
  ): Promise<void> {
    await this.secrets.set(origin, key, body.value);
  }

  /** The same as PUT. */
  @Post(':key')
  @ApiWrite('secret.set', ...SET_CODES)
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiParam(KEY_PARAM)
  @ApiNoContentResponse()
  async post(
    @RequestOrigin() origin: Origin,
    @Param('key') key: string,
    @Body() body: SetSecretBody,
  ): Promise<void> {
    await this.secrets.set(origin, key, body.value);
  }

  /** Removes the secret; runs that already have its value keep it. */
  @Delete(':key')
  @ApiWrite(
    'secret.deleted',
    'invalid_secret_key',
    'secret_not_found',
    'secrets_locked',
    'storage_busy',
    'storage_unavailable',
    'shutting_down',
  )
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiParam(KEY_PARAM)
  @ApiNoContentResponse()
  async delete(@RequestOrigin() origin: Origin, @Param('key') key: string): Promise<void> {
    await this.secrets.delete(origin, key);
  }
}
