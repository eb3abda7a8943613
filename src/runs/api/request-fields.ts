import { ValidateBy, ValidateIf } from 'class-validator';

import { isPrompt, PROMPT_RULE } from '../agents/agent-request.js';

export const MAX_ARGUMENTS = 10_000;
export const MAX_ROUTES = 64;
export const MAX_VARIABLES = 1000;
export const SECRET_NAME = { type: 'string', minLength: 1, maxLength: 128 } as const;

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
export function UnlessGiven(other: string): PropertyDecorator {
  return ValidateIf(
    (body: Record<string, unknown>, value: unknown) =>
      value !== undefined || body[other] === undefined,
  );
}

/** Every value is a string; there are not too many. */
export function IsStringMap() {
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
export function IsSecretSelection() {
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
