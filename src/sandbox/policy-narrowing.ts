import type {
  RequestedPolicy,
  RequestedTurnPolicy,
  Resources,
  ThreadSandbox,
  TurnSandboxPolicy,
} from '../config/yaml-schema.js';
import { DomainError } from '../kernel/domain-error.js';

const THREAD_WIDTH: Readonly<Record<ThreadSandbox, number>> = {
  'read-only': 0,
  'workspace-write': 1,
  'danger-full-access': 2,
};

const TURN_WIDTH: Readonly<Record<TurnSandboxPolicy['type'], number>> = {
  readOnly: 0,
  workspaceWrite: 1,
  dangerFullAccess: 2,
};

/** A turn's policy and the exclusions that hold whatever its type is. */
export interface NarrowedTurn {
  policy: TurnSandboxPolicy;
  excludeSlashTmp: boolean;
  excludeTmpdirEnvVar: boolean;
}

/** The request's thread sandbox, or the operator's; a wider one is put on `widened`. */
export function narrowThread(
  operator: ThreadSandbox,
  requested: ThreadSandbox | undefined,
  widened: string[],
): ThreadSandbox {
  if (requested === undefined) return operator;
  if (THREAD_WIDTH[requested] <= THREAD_WIDTH[operator]) return requested;
  widened.push('policy.threadSandbox');
  return operator;
}

const turnKey = (name: string) => `policy.turnSandboxPolicy.${name}`;

/** The operator's turn policy narrowed by the request's, its network access excepted. */
export function narrowTurn(
  operator: TurnSandboxPolicy,
  requested: RequestedTurnPolicy | undefined,
  widened: string[],
): NarrowedTurn {
  const own = writeRules(operator);
  if (requested === undefined) return { policy: operator, ...exclusionsOf(own) };
  const asked = requested.type === 'workspaceWrite' ? requested : undefined;
  const askedRoots = asked?.writableRoots && wholeOrRoots(asked.writableRoots);
  if (TURN_WIDTH[requested.type] > TURN_WIDTH[operator.type]) widened.push(turnKey('type'));
  for (const name of ['excludeSlashTmp', 'excludeTmpdirEnvVar'] as const) {
    if (own[name] && asked?.[name] === false) widened.push(turnKey(name));
  }
  if (askedRoots && !covers(own.writableRoots, askedRoots)) {
    widened.push(turnKey('writableRoots'));
  }
  const exclusions = {
    excludeSlashTmp: own.excludeSlashTmp || asked?.excludeSlashTmp === true,
    excludeTmpdirEnvVar: own.excludeTmpdirEnvVar || asked?.excludeTmpdirEnvVar === true,
  };
  const networkAccess = requested.networkAccess ?? false;
  const policy: TurnSandboxPolicy = asked
    ? {
        type: 'workspaceWrite',
        networkAccess,
        writableRoots: [...(askedRoots ?? own.writableRoots)],
        ...exclusions,
      }
    : { type: requested.type as 'readOnly' | 'dangerFullAccess', networkAccess };
  return { policy, ...exclusions };
}

function writeRules(turn: TurnSandboxPolicy) {
  return turn.type === 'workspaceWrite'
    ? { ...turn, writableRoots: wholeOrRoots(turn.writableRoots) }
    : { writableRoots: [], excludeSlashTmp: false, excludeTmpdirEnvVar: false };
}

/** `/workspace` itself among the roots is the whole workspace, which is written as no roots. */
export function wholeOrRoots(roots: readonly string[]): readonly string[] {
  return roots.includes('/workspace') ? [] : roots;
}

function exclusionsOf(rules: { excludeSlashTmp: boolean; excludeTmpdirEnvVar: boolean }) {
  return {
    excludeSlashTmp: rules.excludeSlashTmp,
    excludeTmpdirEnvVar: rules.excludeTmpdirEnvVar,
  };
}

/** Every requested root lies at or below one of the operator's; no roots means the whole workspace. */
function covers(operator: readonly string[], requested: readonly string[]): boolean {
  if (operator.length === 0) return true;
  if (requested.length === 0) return false;
  return requested.every((root) => operator.some((own) => isAtOrBelow(root, own)));
}

export function isAtOrBelow(path: string, ancestor: string): boolean {
  return path === ancestor || path.startsWith(`${ancestor}/`);
}

/** Each of the request's limits, where it is lower than the operator's; a higher one is `widened`. */
export function narrowResources(
  operator: Resources,
  requested: RequestedPolicy['resources'],
  widened: string[],
): Resources {
  const result = { ...operator };
  for (const key of Object.keys(operator) as (keyof Resources)[]) {
    const asked = requested?.[key];
    if (asked === undefined) continue;
    if (asked > operator[key]) widened.push(`policy.resources.${key}`);
    else result[key] = asked;
  }
  return result;
}

/** Throws `policy_widened` with one detail per key, unless there are none. */
export function refuseWider(keys: readonly string[]): void {
  if (keys.length === 0) return;
  throw new DomainError(
    'policy_widened',
    `The request widens the operator's policy: ${keys.join(', ')}`,
    {
      details: keys.map((field) => ({ field, message: "must not be wider than the operator's" })),
    },
  );
}
