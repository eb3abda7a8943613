import type {
  CodexSettings,
  ExtraMount,
  RequestedPolicy,
  Resources,
  SandboxSettings,
  ThreadSandbox,
  TurnSandboxPolicy,
} from '../config/yaml-schema.js';
import { knownRoutes } from './known-routes.js';
import { narrowAllowlist } from './allowlist-narrowing.js';
import {
  narrowResources,
  narrowThread,
  narrowTurn,
  refuseWider,
  wholeOrRoots,
} from './policy-narrowing.js';

/** Who decided a control: the product's default, the operator's file, the request, or nobody may. */
export type ControlSource = 'default' | 'config' | 'request' | 'always';

/** How outbound connections are held, where a turn has network access. */
export interface EgressPolicy {
  /** The sandbox stands behind the gateway; `false`: the internet is open to it. */
  filtered: boolean;
  mode: SandboxSettings['egressMode'];
  /** The operator's list when the turn was prepared; the gateway follows the one of the moment. */
  allowlist: readonly string[];
  /** What the request narrowed it to; `null`: nothing. */
  requested: readonly string[] | null;
}

/** What one turn's sandbox is allowed: the operator's policy, narrowed by the request. */
export interface EffectivePolicy {
  threadSandbox: ThreadSandbox;
  turn: TurnSandboxPolicy;
  /** The narrower of thread and turn. */
  workspaceAccess: 'read-only' | 'write';
  /** The only writable paths of a writable workspace; empty: all of it. */
  writableRoots: readonly string[];
  rootWritable: boolean;
  networkAccess: boolean;
  egress: EgressPolicy;
  /** Names of the credential routes that it may use, also without network access. */
  credentialRoutes: readonly string[];
  /** A tmpfs at `/tmp`. */
  slashTmp: boolean;
  /** The value of `TMPDIR`, always a tmpfs; null: not set, because no temporary directory is allowed. */
  tmpdir: '/tmp' | '/var/tmp' | null;
  image: string;
  network: string;
  dns: readonly string[];
  resources: Resources;
  security: SandboxSettings['security'];
  timeoutSeconds: number;
  extraMounts: readonly ExtraMount[];
  /** Names of the service's own variables that go into the frame. */
  envPassthrough: readonly string[];
  protectRepoConfig: boolean;
  /** By key, as in the operator's file below `codex.` and `codex.sandbox.` (`resources.memory`). */
  sources: Readonly<Record<string, ControlSource>>;
}

export interface PolicyRequest {
  policy?: RequestedPolicy | undefined;
  credentialRoutes?: readonly string[] | undefined;
  image?: string | undefined;
  timeoutSeconds?: number | undefined;
}

/**
 * The operator's policy narrowed by what a request asks for. Pure. The result is never wider than
 * the operator's in any dimension, except that a turn's network access may be switched on.
 * Throws `policy_widened` that names every widening key as the request wrote it, and
 * `credential_route_unknown`.
 */
export function effectivePolicy(
  operator: CodexSettings,
  configuredKeys: ReadonlySet<string>,
  request: PolicyRequest = {},
): EffectivePolicy {
  const { policy = {}, image, timeoutSeconds } = request;
  const sandbox = operator.sandbox;
  const operatorTurn = turnOfOperator(operator, configuredKeys);
  const widened: string[] = [];
  const threadSandbox = narrowThread(operator.threadSandbox, policy.threadSandbox, widened);
  const turn = narrowTurn(operatorTurn, policy.turnSandboxPolicy, widened);
  const requested = narrowAllowlist(sandbox.egressAllowlist, policy.egressAllowlist, widened);
  const resources = narrowResources(sandbox.resources, policy.resources, widened);
  if (image !== undefined && image !== sandbox.image) widened.push('image');
  if (timeoutSeconds !== undefined && timeoutSeconds > sandbox.timeoutSeconds) {
    widened.push('timeoutSeconds');
  }
  refuseWider(widened);
  const credentialRoutes = knownRoutes(sandbox.credentialRoutes, request.credentialRoutes ?? []);

  const writes = threadSandbox !== 'read-only' && turn.policy.type !== 'readOnly';
  return {
    threadSandbox,
    turn: turn.policy,
    workspaceAccess: writes ? 'write' : 'read-only',
    writableRoots:
      turn.policy.type === 'workspaceWrite' ? wholeOrRoots(turn.policy.writableRoots) : [],
    rootWritable: threadSandbox === 'danger-full-access' && turn.policy.type === 'dangerFullAccess',
    networkAccess: turn.policy.networkAccess,
    egress: egressOf(sandbox, requested, credentialRoutes),
    credentialRoutes,
    slashTmp: !turn.excludeSlashTmp,
    tmpdir: tmpdirOf(turn),
    image: sandbox.image,
    network: sandbox.network,
    dns: sandbox.dns,
    resources,
    security: sandbox.security,
    timeoutSeconds: timeoutSeconds ?? sandbox.timeoutSeconds,
    extraMounts: sandbox.extraMounts,
    envPassthrough: sandbox.envPassthrough,
    protectRepoConfig: sandbox.protectRepoConfig,
    sources: sourcesOf(configuredKeys, request),
  };
}

/** An operator who chose only a thread sandbox means it for the turns too. */
function turnOfOperator(
  operator: CodexSettings,
  configuredKeys: ReadonlySet<string>,
): TurnSandboxPolicy {
  const chosen = isConfigured(configuredKeys, 'codex.turnSandboxPolicy');
  if (chosen || operator.threadSandbox !== 'danger-full-access') return operator.turnSandboxPolicy;
  return { type: 'dangerFullAccess', networkAccess: operator.turnSandboxPolicy.networkAccess };
}

function tmpdirOf(turn: {
  excludeSlashTmp: boolean;
  excludeTmpdirEnvVar: boolean;
}): EffectivePolicy['tmpdir'] {
  if (!turn.excludeSlashTmp) return '/tmp';
  return turn.excludeTmpdirEnvVar ? null : '/var/tmp';
}

/** Whether a turn is to reach anything but itself: the network, or a credential route. */
export function reachesOut({
  networkAccess,
  credentialRoutes,
}: Pick<EffectivePolicy, 'networkAccess' | 'credentialRoutes'>): boolean {
  return networkAccess || credentialRoutes.length > 0;
}

/** Whether the operator's settings hold every sandbox to the gateway, whatever a request asks for. */
export function holdsAllToGateway(
  sandbox: Pick<SandboxSettings, 'egressAllowlist' | 'egressMode'>,
): boolean {
  return sandbox.egressAllowlist.length > 0 || sandbox.egressMode === 'observe';
}

function egressOf(
  sandbox: SandboxSettings,
  requested: readonly string[] | null,
  routes: readonly string[],
): EgressPolicy {
  const { egressAllowlist, egressMode } = sandbox;
  const filtered = holdsAllToGateway(sandbox) || requested !== null || routes.length > 0;
  return { filtered, mode: egressMode, allowlist: egressAllowlist, requested };
}

const CONFIG_KEYS = [
  'threadSandbox',
  'turnSandboxPolicy',
  'turnSandboxPolicy.networkAccess',
  'image',
  'network',
  'dns',
  'egressAllowlist',
  'egressMode',
  'credentialRoutes',
  'security.noNewPrivileges',
  'security.dropCapabilities',
  'security.gvisor',
  'security.seccompProfile',
  'resources.memory',
  'resources.cpus',
  'resources.pids',
  'resources.tmpfs',
  'resources.workspace',
  'timeoutSeconds',
  'extraMounts',
  'envPassthrough',
  'protectRepoConfig',
] as const;

const OUTSIDE_SANDBOX = /^(threadSandbox|turnSandboxPolicy)/;

function sourcesOf(
  configuredKeys: ReadonlySet<string>,
  { policy, credentialRoutes, image, timeoutSeconds }: PolicyRequest,
): Record<string, ControlSource> {
  const asked: Readonly<Record<string, unknown>> = {
    threadSandbox: policy?.threadSandbox,
    turnSandboxPolicy: policy?.turnSandboxPolicy,
    'turnSandboxPolicy.networkAccess': policy?.turnSandboxPolicy,
    egressAllowlist: policy?.egressAllowlist,
    credentialRoutes,
    image,
    timeoutSeconds,
    ...Object.fromEntries(
      Object.entries(policy?.resources ?? {}).map(([key, value]) => [`resources.${key}`, value]),
    ),
  };
  const sourceOf = (key: string): ControlSource => {
    if (asked[key] !== undefined) return 'request';
    const path = OUTSIDE_SANDBOX.test(key) ? `codex.${key}` : `codex.sandbox.${key}`;
    return isConfigured(configuredKeys, path) ? 'config' : 'default';
  };
  return Object.fromEntries(CONFIG_KEYS.map((key) => [key, sourceOf(key)]));
}

function isConfigured(configuredKeys: ReadonlySet<string>, path: string): boolean {
  if (configuredKeys.has(path)) return true;
  for (const key of configuredKeys) if (key.startsWith(`${path}.`)) return true;
  return false;
}
