import { networkInterfaces } from 'node:os';

import { isLoopbackHost } from '../../auth/local-request.js';
import type { Settings } from '../../config/settings.js';
import type { ServiceApi } from './service-api.js';
import type { Subject } from './subject.js';

interface ConfigView {
  readonly environment: { readonly port: number; readonly dataDir: string };
  readonly codex: Settings['codex'];
  readonly runs: { readonly outputLimit: number };
}

const DEFAULT_PORT = 443;

/** What is under test, by its own word. `listed` is the operator’s choice of a listed host. */
export async function readSubject(
  api: ServiceApi,
  options: { listed: string | null },
): Promise<Subject> {
  const { codex, runs, environment } = await api.get<ConfigView>('/config');
  const { sandbox, threadSandbox, turnSandboxPolicy } = codex;
  const { hostname, port } = new URL(api.url);
  const local = isLoopbackHost(hostname);
  return {
    url: api.url,
    codex,
    outputLimitBytes: runs.outputLimit,
    dataDir: environment.dataDir,
    gvisor: sandbox.security.gvisor,
    filtered: sandbox.egressAllowlist.length > 0,
    observed: sandbox.egressMode === 'observe',
    listed: listedHost(options.listed, sandbox.egressAllowlist),
    rootWritable:
      threadSandbox === 'danger-full-access' && turnSandboxPolicy.type === 'dangerFullAccess',
    workspaceReadOnly: threadSandbox === 'read-only' || turnSandboxPolicy.type === 'readOnly',
    host: local
      ? { port: environment.port || Number(port) || DEFAULT_PORT, addresses: ownAddresses() }
      : null,
  };
}

/** The one that was asked for, else the first entry that names one host with TLS on its port. Pure. */
export function listedHost(asked: string | null, allowlist: readonly string[]): Subject['listed'] {
  const entries = asked === null ? allowlist : [asked];
  for (const entry of entries) {
    const [, host, port] = /^([a-z0-9][a-z0-9.-]*[a-z])(?::(\d+))?$/i.exec(entry) ?? [];
    if (host !== undefined) return { host, port: Number(port ?? DEFAULT_PORT) };
  }
  return null;
}

function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.filter(({ family, internal }) => family === 'IPv4' && !internal).map((a) => a.address);
}
