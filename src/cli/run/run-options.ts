import { CliError } from '../cli-error.js';
import { EXIT } from '../exit-codes.js';

/** As the argument parser hands them over. */
export interface RunOptions {
  issue: string;
  agent?: string;
  prompt?: string;
  model?: string;
  effort?: string;
  credentialRoute?: string[];
  secret?: string[];
  env?: string[];
  network?: boolean;
  readOnly?: boolean;
  timeout?: string;
  image?: string;
  idempotencyKey?: string;
  detach?: boolean;
  upload?: string;
  download?: string;
  reconnectTimeout: string;
}

/** The body of `POST /api/v1/runs`. */
export interface RunRequestBody {
  issue: string;
  /** Exactly one of `command` and `agent` is there. */
  command?: readonly string[];
  agent?: { kind: string; prompt: string; model?: string; effort?: string };
  credentialRoutes?: string[];
  image?: string;
  env?: Record<string, string>;
  secrets?: string[] | Record<string, string>;
  policy?: { threadSandbox?: string; turnSandboxPolicy: { type: string; networkAccess: boolean } };
  timeoutSeconds?: number;
}

/** What the command line asks of the service. Pure. @throws CliError `usage` */
export function requestBody(options: RunOptions, command: readonly string[]): RunRequestBody {
  const { issue, image, env = [], secret = [], credentialRoute: routes = [], timeout } = options;
  const policy = policyOf(options);
  return {
    issue,
    ...workOf(options, command),
    ...(routes.length > 0 && { credentialRoutes: [...new Set(routes)] }),
    ...(image !== undefined && { image }),
    ...(env.length > 0 && { env: environmentOf(env) }),
    ...(secret.length > 0 && { secrets: secretsOf(secret) }),
    ...(policy !== null && { policy }),
    ...(timeout !== undefined && { timeoutSeconds: wholeSeconds('--timeout', timeout, 1) }),
  };
}

/** @throws CliError `usage` */
export function wholeSeconds(option: string, text: string, least: number): number {
  return wholeNumber(option, text, least, 604_800);
}

/** @throws CliError `usage` */
export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw wrong(`${option}: must be a whole number, ${least} to ${most}`);
}

function workOf(
  { agent: kind, prompt, model, effort }: RunOptions,
  command: readonly string[],
): Pick<RunRequestBody, 'command' | 'agent'> {
  if (kind === undefined) {
    const stray = Object.entries({ prompt, model, effort }).find(([, it]) => it !== undefined);
    if (stray !== undefined) throw wrong(`--${stray[0]}: is for an agent; name it with --agent`);
    if (command.length > 0) return { command };
    throw wrong('give a command, best behind --, or an agent with --agent and --prompt');
  }
  if (command.length > 0) throw wrong('--agent: takes the place of a command; give one of them');
  if (prompt === undefined) throw wrong('--agent: needs --prompt, what it shall do');
  return {
    agent: {
      kind,
      prompt,
      ...(model !== undefined && { model }),
      ...(effort !== undefined && { effort }),
    },
  };
}

function policyOf({ network, readOnly }: RunOptions): RunRequestBody['policy'] | null {
  if (!network && !readOnly) return null;
  const networkAccess = network === true;
  return readOnly
    ? { threadSandbox: 'read-only', turnSandboxPolicy: { type: 'readOnly', networkAccess } }
    : { turnSandboxPolicy: { type: 'workspaceWrite', networkAccess } };
}

function environmentOf(pairs: readonly string[]): Record<string, string> {
  const env = new Map<string, string>();
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    if (equals < 1) throw wrong(`--env: must be NAME=VALUE, such as CI=true`);
    const name = pair.slice(0, equals);
    if (env.has(name)) throw wrong(`--env: ${name} is given twice`);
    env.set(name, pair.slice(equals + 1));
  }
  return Object.fromEntries(env);
}

/** Names alone stay a list; as soon as one is renamed, all are a map of variable to secret. */
function secretsOf(given: readonly string[]): string[] | Record<string, string> {
  if (given.every((text) => !text.includes('='))) return [...new Set(given)];
  const secrets = new Map<string, string>();
  for (const text of given) {
    const equals = text.indexOf('=');
    const name = equals === -1 ? text : text.slice(equals + 1);
    const variable = equals === -1 ? text : text.slice(0, equals);
    if (name === '' || variable === '') throw wrong('--secret: must be NAME or VARIABLE=NAME');
    if (secrets.has(variable)) throw wrong(`--secret: ${variable} is given twice`);
    secrets.set(variable, name);
  }
  return Object.fromEntries(secrets);
}

function wrong(message: string): CliError {
  return new CliError(EXIT.usage, message, { code: 'usage' });
}
