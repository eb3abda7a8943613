import type { z } from 'zod';

import { requestedPolicySchema } from '../config/policy-schema.js';
import { DomainError, type ErrorDetail } from '../kernel/domain-error.js';
import type { AgentRequest } from './agents/agent-request.js';
import { encodeFrame, newNonce } from '../sandbox/frame.js';
import type { RunRequest } from './run-request.js';

/** A request's body after its fields were checked one by one. */
export interface UncheckedRunRequest {
  /** Exactly one of `command` and `agent` is there. */
  command?: string[];
  agent?: AgentRequest;
  credentialRoutes?: string[];
  env?: Record<string, string>;
  secrets?: string[] | Record<string, string>;
  policy?: Record<string, unknown>;
  image?: string;
  timeoutSeconds?: number;
  keepAlive?: boolean;
}

/**
 * Checks what single fields cannot tell, and brings the request into its stored shape.
 *
 * @throws DomainError `validation_failed` or `environment_refused`, naming each field.
 */
export function checkedRunRequest(body: UncheckedRunRequest): RunRequest {
  const { command, agent, credentialRoutes = [], env = {}, image, timeoutSeconds } = body;
  if ((command === undefined) === (agent === undefined)) throw notOne('command', 'agent');
  const secrets = secretsByVariable(body.secrets ?? []);
  refuseDoubled(env, secrets);
  // A frame is made and thrown away: whatever it would refuse later is refused now. A secret's
  // value is not known here, only the name of its variable.
  const names = Object.fromEntries(Object.keys(secrets).map((name) => [name, '']));
  encodeFrame({ argv: command ?? ANY_PROGRAM, env: { ...env, ...names }, nonce: newNonce() });
  return {
    ...(command && { command }),
    // Not the client's object, whose keys come in any order.
    ...(agent && { agent: { ...agent } }),
    ...(credentialRoutes.length > 0 && { credentialRoutes }),
    env,
    secrets,
    ...(body.policy === undefined
      ? {}
      : { policy: checkedBy(requestedPolicySchema, body.policy, 'policy') }),
    ...(image === undefined ? {} : { image }),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
  };
}

/** In place of an agent's, which its driver chooses when the turn begins. */
export const ANY_PROGRAM: readonly string[] = ['agent'];

/** A request has exactly one of two fields. */
export function notOne(one: string, other: string): DomainError {
  const message = `give exactly one of ${one} and ${other}`;
  return validationFailed([{ field: one, message }]);
}

/** A list of names stands for variables of the same names. */
export function secretsByVariable(
  secrets: string[] | Record<string, string>,
): Record<string, string> {
  if (!Array.isArray(secrets)) return secrets;
  return Object.fromEntries(secrets.map((name) => [name, name]));
}

/**
 * A variable has one origin. Of a name that is in both maps the field is named that the request, whose
 * environment is `own`, set itself.
 *
 * @throws DomainError `validation_failed`
 */
export function refuseDoubled(
  env: Readonly<Record<string, unknown>>,
  secrets: Readonly<Record<string, string>>,
  own = env,
): void {
  const details = Object.keys(secrets)
    .filter((name) => Object.hasOwn(env, name))
    .map((name) =>
      Object.hasOwn(own, name)
        ? { field: `env.${name}`, message: 'is also set by secrets; name it once' }
        : { field: `secrets.${name}`, message: 'is also set by the env of the run; name it once' },
    );
  if (details.length > 0) throw validationFailed(details);
}

/**
 * Checks a part of a request by its schema.
 *
 * @throws DomainError `validation_failed`, naming each field below `field`.
 */
export function checkedBy<S extends z.ZodType>(
  schema: S,
  value: unknown,
  field: string,
): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw validationFailed(
    parsed.error.issues.flatMap((issue) => {
      const path = [field, ...issue.path].join('.');
      return issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => ({ field: `${path}.${key}`, message: 'is not a known key' }))
        : [{ field: path, message: issue.message }];
    }),
  );
}

export function validationFailed(details: ErrorDetail[]): DomainError {
  return new DomainError('validation_failed', 'The request is not valid', { details });
}
