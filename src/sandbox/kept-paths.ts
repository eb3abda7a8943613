import { dirname } from 'node:path';

/** What no mount may reveal: the service's own directories, the engine's socket and its data. */
export function keptPaths(
  own: { dataDir: string; workspacesDir: string },
  dockerHost: string | null,
  engineRoot: string,
): string[] {
  const socket = dockerHost?.startsWith('unix://')
    ? [dirname(dockerHost.slice('unix://'.length))]
    : [];
  return [own.dataDir, own.workspacesDir, ...socket, ...(engineRoot === '' ? [] : [engineRoot])];
}
