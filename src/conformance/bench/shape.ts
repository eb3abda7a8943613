import type { Subject } from './subject.js';

const MiB = 1024 * 1024;

/** Sizes are in bytes. */
type Resources = Partial<Record<'memory' | 'tmpfs' | 'workspace' | 'cpus' | 'pids', number>>;

/**
 * In what sandbox a script runs: the operator’s own policy, narrowed or with network access. Scripts
 * of the same shape share a sandbox.
 */
export interface Shape {
  readonly network?: boolean;
  readonly readOnly?: boolean;
  readonly excludeSlashTmp?: boolean;
  readonly writableRoots?: readonly string[];
  /** At most that; the operator’s where it is less. */
  readonly resources?: Resources;
}

/** As most turns are: no network. */
export const PLAIN: Shape = {};
export const NETWORK: Shape = { network: true };

/** Small enough to hit every limit within a second, on a host that notices nothing of it. */
export const SMALL: Shape = {
  resources: { memory: 96 * MiB, tmpfs: MiB, cpus: 0.2, pids: 60 },
};

/** The `policy` of the request. */
export function policyOf(shape: Shape, { codex }: Subject): Record<string, unknown> {
  const { network = false, readOnly = false, excludeSlashTmp, writableRoots } = shape;
  const narrowed = {
    ...(excludeSlashTmp === true && { excludeSlashTmp }),
    ...(writableRoots && { writableRoots }),
  };
  const turn = readOnly ? { type: 'readOnly' } : { ...codex.turnSandboxPolicy, ...narrowed };
  return {
    turnSandboxPolicy: { ...turn, networkAccess: network },
    ...(shape.resources && { resources: narrowedResources(shape.resources, codex) }),
  };
}

/**
 * To ask for more than the operator gives is refused. gVisor itself needs memory, threads and time of
 * what a sandbox is given.
 */
function narrowedResources(asked: Resources, { sandbox }: Subject['codex']): Resources {
  const { resources, security } = sandbox;
  const least: Resources = security.gvisor
    ? { memory: 256 * MiB, pids: resources.pids, cpus: resources.cpus }
    : {};
  const entries = Object.entries(asked) as [keyof Resources, number][];
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      Math.min(Math.max(value, least[name] ?? 0), resources[name]),
    ]),
  );
}
