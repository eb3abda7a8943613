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
import {
  ApiBody,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';

import { RequestOrigin } from '../http/origin.decorator.js';
import type { Origin } from '../kernel/origin.js';
import { ApiRead, ApiWrite } from '../kernel/route-metadata.js';
import { SecretList, SetSecretBody, listOf } from './dto/secret-dto.js';
import { SecretStore } from './secret-store.js';

const KEY_PARAM = {
  name: 'key',
  description: 'The secret’s name: 1 to 128 ASCII letters, digits, or one of `. _ : -`',
  schema: { type: 'string', pattern: '^[\\w.:-]{1,128}$', example: 'GREETING' },
} as const;

const VALUE_BODY = {
  type: SetSecretBody,
  examples: {
    greeting: {
      summary: 'A value',
      description: 'The secret `GREETING` of the first run',
      value: { value: 'hello-from-a-secret' },
    },
  },
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

  /** Names and times of all secrets. Values are in no answer of this service. */
  @Get()
  @ApiOperation({ summary: 'List secrets' })
  @ApiRead('secrets_locked', 'storage_unavailable')
  @ApiOkResponse({ description: 'All secrets, by name', type: SecretList })
  async list(): Promise<SecretList> {
    return listOf(await this.secrets.list());
  }

  /**
   * Stores a value under the key, encrypted, replacing an earlier one. It is durable, and in the audit
   * trail, when this is answered. Runs that start later and name it get the new value.
   */
  @Put(':key')
  @ApiOperation({ summary: 'Set a secret' })
  @ApiWrite('secret.set', ...SET_CODES)
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiParam(KEY_PARAM)
  @ApiBody(VALUE_BODY)
  @ApiNoContentResponse({ description: 'Stored' })
  async put(
    @RequestOrigin() origin: Origin,
    @Param('key') key: string,
    @Body() body: SetSecretBody,
  ): Promise<void> {
    await this.secrets.set(origin, key, body.value);
  }

  /** The same as `PUT`, for clients that cannot send it. */
  @Post(':key')
  @ApiOperation({ summary: 'Set a secret (as PUT)' })
  @ApiWrite('secret.set', ...SET_CODES)
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiParam(KEY_PARAM)
  @ApiBody(VALUE_BODY)
  @ApiNoContentResponse({ description: 'Stored' })
  async post(
    @RequestOrigin() origin: Origin,
    @Param('key') key: string,
    @Body() body: SetSecretBody,
  ): Promise<void> {
    await this.secrets.set(origin, key, body.value);
  }

  /** Removes the secret. Runs that already have its value keep it; waiting ones that name it fail. */
  @Delete(':key')
  @ApiOperation({ summary: 'Delete a secret' })
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
  @ApiNoContentResponse({ description: 'Deleted' })
  async delete(@RequestOrigin() origin: Origin, @Param('key') key: string): Promise<void> {
    await this.secrets.delete(origin, key);
  }
}
