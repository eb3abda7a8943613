import { resolve } from 'node:path';

import { ConfigurationError } from '../../config/configuration-error.js';
import type { Settings } from '../../config/settings.js';
import { DomainError } from '../../kernel/domain-error.js';
import { resolveExtraMount } from '../../sandbox/extra-mounts.js';
import { judgedSettings } from '../../judged-settings.js';
import { keptPaths } from '../../sandbox/kept-paths.js';
import { loadSeccompProfile } from '../../sandbox/seccomp/load-profile.js';
import { startWarnings } from '../../start-warnings.js';
import { addressProblem } from './address-problem.js';
import { directoryProblem } from './directory-problem.js';

const DEFAULT_ENGINE_SOCKET = 'unix:///var/run/docker.sock';

export interface ConfigurationReport {
  /** Absolute; `null` where every key has its default. */
  readonly file: string | null;
  /** Each keeps the service from starting, or every run of a setting's from running. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** The environment, with another `risoluto.yaml` where one is named. */
export function environmentWith(
  environment: NodeJS.ProcessEnv,
  file: string | undefined,
): NodeJS.ProcessEnv {
  return file === undefined ? environment : { ...environment, RISOLUTO_CONFIG: resolve(file) };
}

/**
 * Reads the configuration as a start of the service does, and looks at the files, directories and
 * addresses that it names. Asks no container engine, and changes nothing.
 */
export async function checkConfiguration(
  environment: NodeJS.ProcessEnv,
): Promise<ConfigurationReport> {
  let settings: Settings;
  try {
    settings = judgedSettings(environment);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { file: environment.RISOLUTO_CONFIG || null, problems: error.problems, warnings: [] };
  }
  const found = await Promise.all([
    named('DATA_DIR', directoryProblem(settings.paths.dataDir, { private: true })),
    named(
      'RISOLUTO_WORKSPACES_DIR',
      directoryProblem(settings.paths.workspacesDir, { private: false }),
    ),
    named('RISOLUTO_BIND', addressProblem(settings.server.bind)),
    profileProblems(settings),
    mountProblems(settings),
  ]);
  return {
    file: settings.paths.configFile,
    problems: found.flat(),
    warnings: [...startWarnings(settings), ...lockedSecrets(settings)],
  };
}

async function named(name: string, problem: Promise<string | null>): Promise<string[]> {
  const text = await problem;
  return text === null ? [] : [`${name}: ${text}`];
}

function profileProblems({ codex }: Settings): Promise<string[]> {
  const { seccompProfile, gvisor } = codex.sandbox.security;
  return problemsOf(() => loadSeccompProfile(seccompProfile, gvisor));
}

async function mountProblems({ codex, dockerHost, paths }: Settings): Promise<string[]> {
  const kept = keptPaths(paths, dockerHost ?? DEFAULT_ENGINE_SOCKET, '');
  const found = await Promise.all(
    codex.sandbox.extraMounts.map((mount, index) =>
      problemsOf(() => resolveExtraMount(mount, index, kept)),
    ),
  );
  return found.flat();
}

/** What each run would be refused with. */
async function problemsOf(attempt: () => Promise<unknown>): Promise<string[]> {
  try {
    await attempt();
    return [];
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return (error.details ?? []).map(({ field, message }) => `${field}: ${message}`);
  }
}

function lockedSecrets({ masterKey }: Settings): string[] {
  if (masterKey !== null) return [];
  return ['MASTER_KEY, MASTER_KEY_FILE: neither is set, so the secrets stay locked'];
}
