import { requestedTurnPolicySchema } from '../../config/policy-schema.js';
import { encodeFrame, newNonce } from '../../sandbox/frame.js';
import type { RunRequest } from '../run-request.js';
import { checkedBy, refuseDoubled, secretsByVariable } from '../run-request-validation.js';
import { requestOfTurn, type TurnRequest } from './turn-request.js';

/** The body of a request for a turn after its fields were checked one by one. */
export interface UncheckedTurnRequest {
  command: string[];
  env?: Record<string, string>;
  secrets?: string[] | Record<string, string>;
  turnSandboxPolicy?: Record<string, unknown>;
  timeoutSeconds?: number;
}

/**
 * Checks what single fields cannot tell, with what the run gives to each of its turns, and brings the
 * request into its stored shape.
 *
 * @throws DomainError `validation_failed` or `environment_refused`, naming each field.
 */
export function checkedTurnRequest(run: RunRequest, body: UncheckedTurnRequest): TurnRequest {
  const { command, env = {}, timeoutSeconds } = body;
  const turnSandboxPolicy =
    body.turnSandboxPolicy &&
    checkedBy(requestedTurnPolicySchema, body.turnSandboxPolicy, 'turnSandboxPolicy');
  const own: TurnRequest = {
    command,
    env,
    secrets: secretsByVariable(body.secrets ?? []),
    ...(turnSandboxPolicy && { turnSandboxPolicy }),
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
  };
  const given = requestOfTurn(run, own);
  refuseDoubled(given.env, given.secrets, own.env);
  const names = Object.fromEntries(Object.keys(given.secrets).map((name) => [name, '']));
  const values = given.env as Record<string, string>;
  encodeFrame({ argv: command, env: { ...values, ...names }, nonce: newNonce() });
  return own;
}
