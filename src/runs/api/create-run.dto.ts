import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsInt,
  IsObject,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateBy,
} from 'class-validator';

import { MayBeAbsent } from '../../http/may-be-absent.js';
import { ISSUE_PATTERN, ISSUE_RULE } from '../../workspaces/issue-key.js';
import { POLICY_SCHEMA } from './policy-schema.js';

export const MAX_ARGUMENTS = 10_000;
const MAX_VARIABLES = 1000;
const SECRET_NAME = { type: 'string', minLength: 1, maxLength: 128 } as const;

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

@ApiSchema({ description: 'What a run shall do' })
export class CreateRunDto {
  /** The piece of work whose workspace is used. */
  @ApiProperty({ example: 'MT-42', pattern: ISSUE_PATTERN.source })
  @IsString()
  @Matches(ISSUE_PATTERN, { message: `issue ${ISSUE_RULE}` })
  issue!: string;

  /** The command and its arguments; no shell is put around it. */
  @ApiProperty({
    example: ['sh', '-c', 'echo hello from the sandbox'],
    maxItems: MAX_ARGUMENTS,
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_ARGUMENTS)
  @IsString({ each: true })
  command!: string[];

  /** Must be the operator's image; there to be explicit. */
  @ApiPropertyOptional({ example: 'risoluto-sandbox:latest' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(255)
  image?: string;

  /** Environment of the command. Kept in plain text until the run ends: use `secrets` for secrets. */
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    maxProperties: MAX_VARIABLES,
    example: { CI: 'true' },
  })
  @MayBeAbsent()
  @IsStringMap()
  env?: Record<string, string>;

  /** Names of stored secrets that the command gets in its environment, and no other. */
  @ApiPropertyOptional({
    example: [],
    oneOf: [
      { type: 'array', maxItems: MAX_VARIABLES, items: SECRET_NAME },
      { type: 'object', maxProperties: MAX_VARIABLES, additionalProperties: SECRET_NAME },
    ],
  })
  @MayBeAbsent()
  @IsSecretSelection()
  secrets?: string[] | Record<string, string>;

  /** Narrows the operator's policy; `turnSandboxPolicy.networkAccess` may be switched on. */
  @ApiPropertyOptional({
    ...POLICY_SCHEMA,
    example: { turnSandboxPolicy: { type: 'workspaceWrite', networkAccess: false } },
  })
  @MayBeAbsent()
  @IsObject()
  policy?: Record<string, unknown>;

  /** At most the operator's limit. */
  @ApiPropertyOptional({ type: 'integer', example: 600 })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(604_800)
  timeoutSeconds?: number;
}
