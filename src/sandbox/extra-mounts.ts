import { realpath, stat } from 'node:fs/promises';

import type { ExtraMount } from '../config/yaml-schema.js';
import { HOME, WORKSPACE } from './container-mounts.js';
import { controlUnavailable } from './control-unavailable.js';
import { isAtOrBelow } from './policy-narrowing.js';

/** Nothing at, below or above these is a mount of a sandbox. */
const SYSTEM_SOURCES = [
  '/proc',
  '/sys',
  '/dev',
  '/etc',
  '/boot',
  '/root',
  '/run',
  '/var/run',
  '/var/lib/docker',
  '/var/lib/containerd',
];

/** What a mount in these places would take from the sandbox's own shape. */
const OWN_TARGETS = [
  WORKSPACE,
  HOME,
  '/proc',
  '/sys',
  '/dev',
  '/etc',
  '/bin',
  '/sbin',
  '/usr',
  '/lib',
];
const OWN_PLACES = ['/', '/tmp', '/var', '/var/tmp', '/home', '/run', '/lib64'];

/** Why this source may not be mounted; null: it may. `kept`: what is ours or the engine's. */
export function sourceProblem(source: string, kept: readonly string[]): string | null {
  if (source === '/') return 'is the whole root file system';
  for (const path of SYSTEM_SOURCES) {
    if (isAtOrBelow(source, path) || isAtOrBelow(path, source))
      return 'is, or holds, a system directory';
  }
  for (const path of kept) {
    if (isAtOrBelow(source, path) || isAtOrBelow(path, source)) {
      return "is, or holds, the service's data, its workspaces or the engine";
    }
  }
  return null;
}

/** Why nothing may be mounted at this target; null: it may. */
export function targetProblem(target: string): string | null {
  if (!target.startsWith('/') || target.split('/').some((part) => part === '..' || part === '.')) {
    return 'must be an absolute path without . and ..';
  }
  const clean = target.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
  if (clean !== target) return 'must be written without needless slashes';
  if (OWN_PLACES.includes(clean) || OWN_TARGETS.some((own) => isAtOrBelow(clean, own))) {
    return "is a place of the sandbox's own";
  }
  return null;
}

/**
 * The operator's mounts with their real sources. Throws `control_unavailable` that names the first
 * one that cannot be mounted. `kept` are paths that no mount may reveal.
 */
export async function resolveExtraMounts(
  mounts: readonly ExtraMount[],
  kept: readonly string[],
): Promise<ExtraMount[]> {
  if (mounts.length === 0) return [];
  return Promise.all(mounts.map((mount, index) => resolveExtraMount(mount, index, kept)));
}

/** As `resolveExtraMounts`, of one; `index` is its place in the settings. */
export async function resolveExtraMount(
  mount: ExtraMount,
  index: number,
  kept: readonly string[],
): Promise<ExtraMount> {
  const refuse = (field: 'source' | 'target', problem: string) =>
    controlUnavailable(`codex.sandbox.extraMounts.${index}.${field}`, `${mount[field]} ${problem}`);
  const badTarget = targetProblem(mount.target);
  if (badTarget) throw refuse('target', badTarget);
  let source: string;
  try {
    source = await realpath(mount.source);
  } catch {
    throw refuse('source', 'does not exist');
  }
  const keptPaths = [...kept, ...(await Promise.all(kept.map(realOrSame)))];
  const badSource = sourceProblem(source, keptPaths);
  if (badSource) throw refuse('source', badSource);
  const kind = await stat(source);
  if (!kind.isDirectory() && !kind.isFile()) throw refuse('source', 'is no directory and no file');
  return { ...mount, source };
}

async function realOrSame(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}
