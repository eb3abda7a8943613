import { ValidateBy, ValidateIf } from 'class-validator';

export const MAX_ARGUMENTS = 10_000;
export const MAX_VARIABLES = 1000;
export const MAX_ROUTES = 64;
export const ROUTE_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
export const SECRET_NAME = { type: 'string', minLength: 1, maxLength: 128 } as const;

/** Half of a UTF-16 pair has no UTF-8 form. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** In characters; as the first argument of an agent it has to fit in 128 KiB. */
export const MAX_PROMPT = 100_000;

/** Text for an agent: something, not too much, and nothing that is no Unicode text. */
export function IsPrompt() {
  return ValidateBy({
    name: 'isPrompt',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'string' &&
        value.trim() !== '' &&
        value.length <= MAX_PROMPT &&
        !value.includes('\0') &&
        !LONE_SURROGATE.test(value),
      defaultMessage: () => `$property must be text of 1 to ${MAX_PROMPT} characters without NUL`,
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
