import { requestedTurnPolicySchema } from '../../config/policy-schema.js';
import { encodeFrame, newNonce } from '../../sandbox/frame.js';
import type { RunRequest } from '../run-request.js';
import {
  ANY_PROGRAM,
  checkedBy,
  notOne,
  refuseDoubled,
  secretsByVariable,
  validationFailed,
} from '../run-request-validation.js';
import { requestOfTurn, type TurnRequest } from './turn-request.js';

/** The body of a request for a turn after its fields were checked one by one. */
export interface UncheckedTurnRequest {
  /** Exactly one of `command` and `prompt` is there. */
  command?: string[];
  prompt?: string;
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
  const { command, prompt, env = {}, timeoutSeconds } = body;
  if ((command === undefined) === (prompt === undefined)) throw notOne('command', 'prompt');
  assertOfItsKind(run, body);
  const turnSandboxPolicy =
    body.turnSandboxPolicy &&
    checkedBy(requestedTurnPolicySchema, body.turnSandboxPolicy, 'turnSandboxPolicy');
  const own: TurnRequest = {
    ...(command && { command }),
    ...(prompt !== undefined && { prompt }),
    env,
    secrets: secretsByVariable(body.secrets ?? []),
    ...(turnSandboxPolicy && { turnSandboxPolicy }),
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
  };
  const given = requestOfTurn(run, own);
  refuseDoubled(given.env, given.secrets, own.env);
  const names = Object.fromEntries(Object.keys(given.secrets).map((name) => [name, '']));
  const values = given.env as Record<string, string>;
  encodeFrame({ argv: command ?? ANY_PROGRAM, env: { ...values, ...names }, nonce: newNonce() });
  return own;
}

/** Who began the run with an agent talks to that agent, and to nobody else. */
function assertOfItsKind({ agent }: RunRequest, { command }: UncheckedTurnRequest): void {
  if (agent === undefined && command === undefined) {
    const message = 'is for the run of an agent; give a command';
    throw validationFailed([{ field: 'prompt', message }]);
  }
  if (agent !== undefined && command !== undefined) {
    const message = `is not for the run of an agent (${agent.kind}); give a prompt`;
    throw validationFailed([{ field: 'command', message }]);
  }
}
