import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsInt,
  IsString,
  Max,
  Min,
  ValidateBy,
  ValidateIf,
} from 'class-validator';

import { MayBeAbsent } from '../../http/may-be-absent.js';
import { isPrompt, PROMPT_RULE } from '../agents/agent-request.js';

const MAX_ARGUMENTS = 10_000;
const MAX_VARIABLES = 1000;
const MAX_TIMEOUT_SECONDS = 604_800;
const SECRET_NAME = { type: 'string', minLength: 1, maxLength: 128 } as const;

/** A command and its arguments; required unless the request has `other` in its place. */
export function IsCommandUnless(other: string, example: string[]): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ type: [String], example, minItems: 1, maxItems: MAX_ARGUMENTS }),
    UnlessGiven(other),
    IsArray({ message: `command must be a list of texts, or ${other} be given in its place` }),
    ArrayMinSize(1),
    ArrayMaxSize(MAX_ARGUMENTS),
    IsString({ each: true }),
  );
}

/** Environment variables and their values. */
export function IsEnvironment(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      type: 'object',
      additionalProperties: { type: 'string' },
      maxProperties: MAX_VARIABLES,
      example: { CI: 'true' },
    }),
    MayBeAbsent(),
    IsStringMap(),
  );
}

/** Names of stored secrets: a list, or a map of environment name to secret name. */
export function SelectsSecrets(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      example: [],
      oneOf: [
        { type: 'array', maxItems: MAX_VARIABLES, items: SECRET_NAME },
        { type: 'object', maxProperties: MAX_VARIABLES, additionalProperties: SECRET_NAME },
      ],
    }),
    MayBeAbsent(),
    IsSecretSelection(),
  );
}

/** A time limit, in whole seconds. */
export function IsTimeLimit(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      type: 'integer',
      minimum: 1,
      maximum: MAX_TIMEOUT_SECONDS,
      example: 600,
    }),
    MayBeAbsent(),
    IsInt(),
    Min(1),
    Max(MAX_TIMEOUT_SECONDS),
  );
}

/** Text for an agent: something, not too much, and nothing that is no Unicode text. */
export function IsPrompt() {
  return ValidateBy({
    name: 'isPrompt',
    validator: {
      validate: isPrompt,
      defaultMessage: () => `$property must be ${PROMPT_RULE}`,
    },
  });
}

/** The request has none of the other fields beside this one. */
export function IsInsteadOf(other: string) {
  return ValidateBy({
    name: 'isInsteadOf',
    validator: {
      validate: (_value: unknown, given) =>
        (given?.object as Record<string, unknown> | undefined)?.[other] === undefined,
      defaultMessage: () => `$property must not be beside ${other}: give exactly one of them`,
    },
  });
}

/** Validates the field unless the request has the other one in its place. */
function UnlessGiven(other: string): PropertyDecorator {
  return ValidateIf(
    (body: Record<string, unknown>, value: unknown) =>
      value !== undefined || body[other] === undefined,
  );
}

/** Every value is a string; there are not too many. */
function IsStringMap() {
  const rule = `must be an object of at most ${MAX_VARIABLES} names with text values`;
  return ValidateBy({
    name: 'isStringMap',
    validator: {
      validate: (value: unknown) =>
        isPlainObject(value) &&
        Object.keys(value).length <= MAX_VARIABLES &&
        Object.values(value).every((entry) => typeof entry === 'string'),
      defaultMessage: () => `$property ${rule}`,
    },
  });
}

/** A list of secret names, or a map of environment name to secret name. */
function IsSecretSelection() {
  return ValidateBy({
    name: 'isSecretSelection',
    validator: {
      validate: (value: unknown) => {
        const names = Array.isArray(value)
          ? value
          : isPlainObject(value)
            ? Object.values(value)
            : null;
        return names !== null && names.length <= MAX_VARIABLES && names.every(isName);
      },
      defaultMessage: () =>
        `$property must be a list of at most ${MAX_VARIABLES} secret names, or an object of environment name to secret name`,
    },
  });
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value.length > 0 && value.length <= 128;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
