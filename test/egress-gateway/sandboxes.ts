import { engine } from '../support/engine.js';
import type { ApiRequest } from '../support/http.js';
import { createRun, finishRun } from '../support/runs.js';
import { startService, type RunningService, type ServiceOptions } from '../support/service.js';
import { world } from '../support/world.js';
import { containersOf } from '../runs/leftovers.js';
import { UNLIMITED, untilPrinted } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { Probed, waitingForProbes } from './probed.js';

/** Both runtimes, for `describe.each`. */
export const RUNTIMES = ['runc', 'runsc'] as const;
export type Runtime = (typeof RUNTIMES)[number];

const NETWORK_ACCESS = { type: 'workspaceWrite', networkAccess: true };

/** A public address, at which the internet's resolver says so of the names in these tests. */
export const PUBLIC = '93.184.216.34';
/** What a name without a meaning of its own resolves to. */
export const ANYWHERE = '203.0.113.10';

export interface FilteredOptions {
  runtime?: Runtime;
  /** `codex.sandbox` beyond the runtime. */
  sandbox: Record<string, unknown>;
  options?: ServiceOptions;
}

/** A service whose sandboxes ask the internet's own resolver, unless `sandbox.dns` says otherwise. */
export function startFiltered({
  runtime = 'runc',
  sandbox,
  options = {},
}: FilteredOptions): Promise<RunningService> {
  return startService({
    ...options,
    yaml: {
      ...UNLIMITED,
      runs: { maxConcurrent: 6 },
      codex: {
        sandbox: {
          dns: [world.addresses.resolver],
          security: { gvisor: runtime === 'runsc' },
          ...sandbox,
        },
      },
    },
  });
}

export interface SandboxOptions {
  /** Default: it has. */
  networkAccess?: boolean;
  egressAllowlist?: string[];
  credentialRoutes?: string[];
  /** Of all requests about it, where the service wants a token. */
  request?: ApiRequest;
}

/** A run with network access that waits for probes. */
export class Sandbox extends Probed {
  private constructor(
    private readonly service: RunningService,
    private readonly request: ApiRequest,
    readonly runId: string,
    container: string,
  ) {
    super(container);
  }

  static async start(
    service: RunningService,
    issue: string,
    {
      networkAccess = true,
      egressAllowlist,
      credentialRoutes = [],
      request = {},
    }: SandboxOptions = {},
  ): Promise<Sandbox> {
    const policy = {
      ...(networkAccess && { turnSandboxPolicy: NETWORK_ACCESS }),
      ...(egressAllowlist && { egressAllowlist }),
    };
    const body = { issue, command: waitingForProbes(), policy, credentialRoutes };
    const id = await createRun(service, body, request);
    await untilPrinted(service, id, 'up');
    const [container = ''] = await containersOf(service, id);
    return new Sandbox(service, request, id, container);
  }

  /** The gateway as its environment names it, with the credentials. */
  async proxy(): Promise<URL> {
    return new URL((await this.bash('printf %s "$HTTP_PROXY"')).trim());
  }

  decisions(query = ''): Promise<Decided[]> {
    return decisionsOf(this.service, this.runId, query);
  }

  /** Until the decisions are as `wanted` says; the end of a connection is written down a little later. */
  untilDecided(what: string, wanted: (decided: Decided[]) => boolean): Promise<Decided[]> {
    return until(`decisions: ${what}`, async () => {
      const decided = await this.decisions();
      return wanted(decided) ? decided : null;
    });
  }

  async end(): Promise<void> {
    await this.service.api('POST', `/api/v1/runs/${this.runId}/cancel`, this.request);
    await finishRun(this.service, this.runId);
  }
}

/** A decision as the API answers it. */
export interface Decided {
  at: string;
  turn: number;
  host: string;
  port: number;
  allowed: boolean;
  rule: string | null;
  reason: string | null;
  route: string | null;
  method: string | null;
  path: string | null;
  status: number | null;
  bytesUp: number;
  bytesDown: number;
  durationMs: number | null;
  count: number;
}

export async function decisionsOf(
  service: RunningService,
  runId: string,
  query = '',
): Promise<Decided[]> {
  const answer = await service.api('GET', `/api/v1/runs/${runId}/egress?limit=200${query}`);
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.body.items as Decided[];
}

/** `host:port reason` of all that was denied, sorted, each once. */
export function denialsIn(decided: readonly Decided[]): string[] {
  const denied = decided.filter(({ allowed }) => !allowed);
  return [...new Set(denied.map(({ host, port, reason }) => `${host}:${port} ${reason}`))].sort();
}

/** As an operator does it while the service runs. */
export async function setAllowlist(service: RunningService, list: string[]): Promise<void> {
  const answer = await service.api('PATCH', '/api/v1/config/overlay', {
    body: { codex: { sandbox: { egressAllowlist: list } } },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  if (answer.status !== 200) throw new Error(answer.text);
}

export interface Placement {
  network: string;
  address: string;
  mac: string;
  /** Its environment’s gateway, with somebody’s credentials. */
  proxy?: URL;
}

/**
 * The same image under the same runtime in a container of the engine's own making, root and with raw
 * sockets, without any control of ours: the positive control of probes, and, placed in a network of
 * sandboxes, an intruder.
 */
export class Uncontrolled extends Probed {
  static async start(runtime: Runtime, at?: Placement): Promise<Uncontrolled> {
    const container = await engine().createContainer({
      Image: 'risoluto-sandbox:latest',
      Cmd: waitingForProbes(),
      User: '0',
      HostConfig: { Runtime: runtime },
      ...(at && placed(at)),
    });
    await container.start();
    const started = new Uncontrolled(container.id);
    await until('the container to be up', async () => {
      const there = await started.bash('test -e /tmp/probes/up && echo yes').catch(() => '');
      return there.includes('yes') ? true : null;
    });
    return started;
  }

  async remove(): Promise<void> {
    await engine().getContainer(this.container).remove({ force: true, v: true });
  }
}

function placed({ network, address, mac, proxy }: Placement) {
  return {
    MacAddress: mac,
    Env: proxy ? ['HTTP_PROXY', 'http_proxy'].map((name) => `${name}=${proxy.href}`) : [],
    NetworkingConfig: {
      EndpointsConfig: {
        [network]: { IPAMConfig: { IPv4Address: address }, MacAddress: mac },
      },
    },
  };
}

/** An address of the network that no sandbox is given soon, with a MAC of its own. */
export async function farAddress(network: string): Promise<Placement> {
  const found = (await engine().getNetwork(network).inspect()) as {
    IPAM: { Config: { Subnet: string }[] };
  };
  const [base = '', size = ''] = found.IPAM.Config[0]?.Subnet.split('/') ?? [];
  const first = base.split('.').reduce((value, part) => value * 256 + Number(part), 0);
  const last = first + 2 ** (32 - Number(size)) - 3;
  const address = [24, 16, 8, 0].map((shift) => Math.floor(last / 2 ** shift) % 256).join('.');
  return { network, address, mac: '02:99:99:99:99:01' };
}
