/** Where the engine listens. */
export type EngineAddress =
  { kind: 'unix'; socketPath: string } | { kind: 'tcp'; host: string; port: number };

const DEFAULT_SOCKET = '/var/run/docker.sock';

/** Reads a `DOCKER_HOST`; null is the default socket. Throws a plain Error that names the variable. */
export function parseEngineAddress(dockerHost: string | null): EngineAddress {
  if (dockerHost === null || dockerHost === '') {
    return { kind: 'unix', socketPath: DEFAULT_SOCKET };
  }
  if (dockerHost.startsWith('unix://')) {
    return { kind: 'unix', socketPath: dockerHost.slice('unix://'.length) || DEFAULT_SOCKET };
  }
  if (URL.canParse(dockerHost)) {
    const { protocol, hostname, port } = new URL(dockerHost);
    if ((protocol === 'tcp:' || protocol === 'http:') && hostname !== '') {
      return { kind: 'tcp', host: hostname, port: port === '' ? 2375 : Number(port) };
    }
  }
  throw new Error('DOCKER_HOST must be unix:///path or tcp://host:port');
}

/** True when the engine certainly shares this machine's files and network. */
export function isLocalEngine(address: EngineAddress): boolean {
  return address.kind === 'unix';
}
