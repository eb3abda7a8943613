import type { ExtraMount } from '../config/yaml-schema.js';
import type { MountSpec } from './container-engine.js';
import type { EffectivePolicy } from './policy.js';
import { isAtOrBelow } from './policy-narrowing.js';
import { tooMuch } from './repo-refusals.js';
import type { PlacedPath, WorkspaceLayout } from './workspace-layout.js';

export const WORKSPACE = '/workspace';
export const HOME = '/home/agent';
export const CODEX_HOME = `${HOME}/.codex-runtime`;

/** A directory full of small files still fits; a directory full of empty ones ends. */
const BYTES_PER_INODE = 8192;
const LEAST_INODES = 1024;
const CLOSED_TMPFS = 'ro,noexec,nosuid,nodev,uid=0,gid=0,mode=0555,size=4096,nr_inodes=2';

/** gVisor hands each to its sentry as an open file, and starts with 233 of ours but not with 238. */
const MOST_UNDER_RUNSC = 220;

export interface MountSources {
  workspaceDir: string;
  homeDir: string;
  resolvConf: string;
  layout: WorkspaceLayout;
  /** Checked, with real paths. */
  extraMounts: readonly ExtraMount[];
}

/**
 * Every bind mount of a sandbox, ancestors before what lies in them. Throws `control_unavailable`
 * when the runtime would not take so many.
 */
export function buildMounts(policy: EffectivePolicy, sources: MountSources): MountSpec[] {
  const { workspaceDir, homeDir, resolvConf, layout } = sources;
  const writes = policy.workspaceAccess === 'write';
  const whole = writes && policy.writableRoots.length === 0;
  const mounts = [bind(workspaceDir, WORKSPACE, !whole), bind(homeDir, HOME, false)];
  if (writes) mounts.push(...workspaceMounts(layout, whole));
  mounts.push(bind(resolvConf, '/etc/resolv.conf', true));
  for (const { source, target, readOnly } of sources.extraMounts) {
    mounts.push(bind(source, target, readOnly));
  }
  if (policy.security.gvisor && mounts.length > MOST_UNDER_RUNSC) {
    throw tooMuch(`${MOST_UNDER_RUNSC} paths to mount, which is what gVisor takes`);
  }
  return mounts;
}

/**
 * What is held is a mount of its own, because a directory that is a mount point cannot be renamed;
 * what is sealed is read-only, whatever the writable roots say.
 */
function workspaceMounts({ roots, held, sealed }: WorkspaceLayout, whole: boolean): MountSpec[] {
  const isSealed = ({ target }: PlacedPath) =>
    sealed.some((one) => isAtOrBelow(target, one.target));
  const open = outermost(roots).filter((root) => !isSealed(root));
  const isOpen = ({ target }: PlacedPath) =>
    whole || open.some((root) => isAtOrBelow(target, root.target));
  const mounts = new Map<string, MountSpec>();
  const add = (paths: readonly PlacedPath[], readOnly: boolean) => {
    for (const { source, target } of paths) mounts.set(target, bind(source, target, readOnly));
  };
  add(open, false);
  add(held.filter(isOpen), false);
  add(sealed.filter(isOpen), true);
  return [...mounts.values()].sort((one, other) => depthOf(one.Target) - depthOf(other.Target));
}

function outermost(roots: readonly PlacedPath[]): PlacedPath[] {
  return roots.filter(
    ({ target }) =>
      !roots.some((other) => other.target !== target && isAtOrBelow(target, other.target)),
  );
}

const depthOf = (path: string) => path.split('/').length;

function bind(source: string, target: string, readOnly: boolean): MountSpec {
  return {
    Type: 'bind',
    Source: source,
    Target: target,
    ReadOnly: readOnly,
    BindOptions: { Propagation: 'rprivate', NonRecursive: true },
  };
}

/** Every tmpfs of a sandbox, bounded in bytes and inodes, owned by the agent. */
export function buildTmpfs(
  policy: EffectivePolicy,
  owner: { uid: number; gid: number },
): Record<string, string> {
  const options = (mode: string) =>
    [
      'rw,exec,nosuid,nodev',
      `uid=${owner.uid}`,
      `gid=${owner.gid}`,
      `mode=${mode}`,
      `size=${policy.resources.tmpfs}`,
      `nr_inodes=${Math.max(LEAST_INODES, Math.floor(policy.resources.tmpfs / BYTES_PER_INODE))}`,
    ].join(',');
  return {
    ...slashTmp(policy, options('1777')),
    ...(policy.tmpdir === '/var/tmp' ? { '/var/tmp': options('1777') } : {}),
    [CODEX_HOME]: options('0700'),
    '/dev/shm': options('1777'),
  };
}

/** Where /tmp is no mount, gVisor puts a tmpfs of its own there, writable and without a bound. */
function slashTmp(policy: EffectivePolicy, options: string): Record<string, string> {
  if (policy.slashTmp) return { '/tmp': options };
  return policy.security.gvisor ? { '/tmp': CLOSED_TMPFS } : {};
}
