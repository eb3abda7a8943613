import { join } from 'node:path';

import type { ExtraMount } from '../config/yaml-schema.js';
import type { MountSpec } from './container-engine.js';
import type { EffectivePolicy } from './policy.js';
import { isAtOrBelow } from './policy-narrowing.js';
import type { WorkspaceLayout } from './workspace-layout.js';

export const WORKSPACE = '/workspace';
export const HOME = '/home/agent';
export const CODEX_HOME = `${HOME}/.codex-runtime`;
const GIT = `${WORKSPACE}/.git`;

/** A directory full of small files still fits; a directory full of empty ones ends. */
const BYTES_PER_INODE = 8192;
const LEAST_INODES = 1024;
const CLOSED_TMPFS = 'ro,noexec,nosuid,nodev,uid=0,gid=0,mode=0555,size=4096,nr_inodes=2';

export interface MountSources {
  workspaceDir: string;
  homeDir: string;
  resolvConf: string;
  layout: WorkspaceLayout;
  /** Checked, with real paths. */
  extraMounts: readonly ExtraMount[];
}

/** Every bind mount of a sandbox, ancestors before what lies in them. */
export function buildMounts(policy: EffectivePolicy, sources: MountSources): MountSpec[] {
  const { workspaceDir, homeDir, resolvConf, layout } = sources;
  const writes = policy.workspaceAccess === 'write';
  const whole = writes && policy.writableRoots.length === 0;
  const mounts = [bind(workspaceDir, WORKSPACE, !whole), bind(homeDir, HOME, false)];
  if (writes) mounts.push(...rootMounts(layout, workspaceDir, whole));
  mounts.push(bind(resolvConf, '/etc/resolv.conf', true));
  for (const { source, target, readOnly } of sources.extraMounts) {
    mounts.push(bind(source, target, readOnly));
  }
  return mounts;
}

/**
 * `.git` is a mount of its own, because a directory that is a mount point cannot be renamed; what
 * git runs from it, hooks and configuration, is read-only in it, whatever the writable roots say.
 */
function rootMounts(layout: WorkspaceLayout, workspaceDir: string, whole: boolean): MountSpec[] {
  const guarded = [
    ...(layout.git?.hooks ? [`${GIT}/hooks`] : []),
    ...(layout.git?.config ? [`${GIT}/config`] : []),
  ];
  const outermost = layout.roots.filter(
    ({ target }) =>
      !layout.roots.some((other) => other.target !== target && isAtOrBelow(target, other.target)),
  );
  const unique = outermost.filter(
    ({ target }, index) => outermost.findIndex((other) => other.target === target) === index,
  );
  const mounts = unique
    .filter(({ target }) => !guarded.some((path) => isAtOrBelow(target, path)))
    .map(({ source, target }) => bind(source, target, false));
  const gitWritable = whole || unique.some(({ target }) => isAtOrBelow(GIT, target));
  if (!layout.git || !gitWritable) return mounts;
  const gitDir = join(workspaceDir, '.git');
  if (!mounts.some(({ Target }) => Target === GIT)) mounts.push(bind(gitDir, GIT, false));
  for (const path of guarded) {
    mounts.push(bind(join(gitDir, path.slice(GIT.length + 1)), path, true));
  }
  return mounts;
}

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
