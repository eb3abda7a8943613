import type { ContainerInspection, EngineInfo } from './container-engine.js';
import { HOME, WORKSPACE } from './container-mounts.js';
import { equivalentDockerRun } from './docker-run-argv.js';
import type { ControlSource, EffectivePolicy } from './policy.js';
import type { ResolvedImage } from './resolved-image.js';
import { type RuntimeControl, runtimeNote, runtimeOf } from './runtime-controls.js';
import { profileName } from './seccomp/profile-name.js';

export interface ReportedControl {
  name: string;
  value: unknown;
  source: ControlSource;
  /** What the value is worth under the sandbox's runtime, where that needs saying. */
  note?: string;
}

/** What a sandbox really runs under, read from the engine after it was made. Holds no secret. */
export interface SandboxReport {
  controls: ReportedControl[];
  /** The equivalent `docker run`, without the command, its environment and its secrets. */
  dockerRun: string[];
  image: { reference: string; id: string };
}

export function buildReport(
  inspection: ContainerInspection,
  policy: EffectivePolicy,
  context: { image: ResolvedImage; info: EngineInfo },
): SandboxReport {
  return {
    controls: [
      ...policyControls(inspection, policy, context.info),
      ...fixedControls(inspection, policy, context.info),
    ],
    dockerRun: equivalentDockerRun(inspection),
    image: { reference: context.image.reference, id: inspection.Image },
  };
}

function policyControls(
  { HostConfig: host, Image, Mounts, NetworkSettings }: ContainerInspection,
  policy: EffectivePolicy,
  info: EngineInfo,
): ReportedControl[] {
  const control = (name: string, value: unknown, noted?: RuntimeControl): ReportedControl => ({
    name,
    value,
    source: policy.sources[name] ?? 'default',
    ...noteOf(noted, host.Runtime),
  });
  const workspace = Mounts.find(({ Destination }) => Destination === WORKSPACE);
  const writable = Mounts.filter(({ RW }) => RW).map(({ Destination }) => Destination);
  return [
    control('threadSandbox', policy.threadSandbox),
    control('turnSandboxPolicy', policy.turn),
    control('turnSandboxPolicy.networkAccess', policy.networkAccess),
    {
      ...control('workspace', workspace?.RW ? 'read-write' : 'read-only'),
      source: widthSource(policy),
    },
    { ...control('writablePaths', writable.sort()), source: widthSource(policy) },
    { ...control('readOnlyRootfs', host.ReadonlyRootfs), source: widthSource(policy) },
    control('image', Image),
    ...egressControls(policy, control),
    control('network', Object.keys(NetworkSettings.Networks)[0] ?? host.NetworkMode),
    control('security.noNewPrivileges', hasOption(host, 'no-new-privileges'), 'noNewPrivileges'),
    control('security.dropCapabilities', host.CapDrop ?? [], 'capabilities'),
    control('security.gvisor', host.Runtime === 'runsc'),
    seccompControl(host, info, policy),
    control('resources.memory', host.Memory, 'memory'),
    control('resources.cpus', host.NanoCpus / 1e9, 'cpus'),
    control('resources.pids', host.PidsLimit, 'pids'),
    control('resources.tmpfs', host.Tmpfs, 'tmpfsInodes'),
    control('resources.workspace', policy.resources.workspace),
    control('timeoutSeconds', policy.timeoutSeconds),
    control(
      'extraMounts',
      policy.extraMounts.map(({ target }) => target),
    ),
    control('envPassthrough', policy.envPassthrough),
    control('protectRepoConfig', policy.protectRepoConfig),
    {
      ...control('protectRepoConfig', protectedPaths(Mounts)),
      name: 'protectedPaths',
    },
  ];
}

const OBSERVED =
  'OBSERVED, NOT ENFORCED: everything but private and metadata addresses is let through and written down; set codex.sandbox.egressMode to enforce';
const OPEN =
  'no allowlist: a turn with network access reaches all of the internet, and its connections are not written down';

const ROUTES_ALONE =
  'the turn has no network access: the gateway serves it these routes and nothing else';

function egressControls(
  { egress, networkAccess, credentialRoutes }: EffectivePolicy,
  control: (name: string, value: unknown) => ReportedControl,
): ReportedControl[] {
  const note = !egress.filtered && networkAccess ? { note: OPEN } : {};
  return [
    { ...control('egressAllowlist', egress.requested ?? egress.allowlist), ...note },
    {
      ...control('egressMode', egress.filtered ? egress.mode : 'open'),
      ...(egress.mode === 'observe' && { note: OBSERVED }),
    },
    {
      ...control('credentialRoutes', credentialRoutes),
      ...(credentialRoutes.length > 0 && !networkAccess && { note: ROUTES_ALONE }),
    },
  ];
}

function protectedPaths(mounts: ContainerInspection['Mounts']): string[] {
  return mounts
    .filter(({ Destination, RW }) => !RW && Destination.startsWith(`${WORKSPACE}/`))
    .map(({ Destination }) => Destination)
    .sort();
}

function fixedControls(
  {
    HostConfig: host,
    Config: config,
    AppArmorProfile,
    NetworkSettings,
    Mounts,
  }: ContainerInspection,
  policy: EffectivePolicy,
  info: EngineInfo,
): ReportedControl[] {
  const always = (name: string, value: unknown, noted?: RuntimeControl): ReportedControl => ({
    name,
    value,
    source: 'always',
    ...noteOf(noted, host.Runtime),
  });
  return [
    always('runtime', host.Runtime || info.defaultRuntime),
    always('user', config.User),
    always('extraGroups', host.GroupAdd ?? []),
    always('privileged', host.Privileged),
    always('swap', host.MemorySwap - host.Memory),
    always('ulimits', host.Ulimits, 'ulimits'),
    always('cgroupNamespace', host.CgroupnsMode, 'cgroupNamespace'),
    always('ipcNamespace', host.IpcMode),
    always('pidNamespace', host.PidMode || 'private'),
    always('maskedPaths', host.MaskedPaths ?? [], 'maskedPaths'),
    always('readOnlyPaths', host.ReadonlyPaths ?? []),
    always('appArmorProfile', AppArmorProfile || 'none on this host'),
    always('devices', host.Devices ?? []),
    always('init', host.Init),
    always('address', NetworkSettings.Networks[host.NetworkMode]?.IPAMConfig?.IPv4Address ?? null),
    always(
      'home',
      Mounts.some(({ Destination, RW }) => Destination === HOME && RW),
    ),
    always('tmpdir', policy.tmpdir),
    always('log', host.LogConfig),
    always('restartPolicy', host.RestartPolicy.Name || 'no'),
    always('cgroupVersion', info.cgroupVersion),
  ];
}

/** A shape that thread and turn decide together is as chosen as the more deliberate of them. */
function widthSource({ sources }: EffectivePolicy): ControlSource {
  const both = [sources.threadSandbox, sources.turnSandboxPolicy];
  if (both.includes('request')) return 'request';
  return both.includes('config') ? 'config' : 'default';
}

function noteOf(control: RuntimeControl | undefined, runtime: string | undefined) {
  const note = control && runtimeNote(control, runtimeOf(runtime === 'runsc'));
  return note ? { note } : {};
}

function hasOption(host: ContainerInspection['HostConfig'], name: string): boolean {
  return (host.SecurityOpt ?? []).some((option) => option.split(/[:=]/)[0] === name);
}

/** What Docker's default profile is known to let through, which a report must not hide. */
const DEFAULT_SECCOMP_GAPS =
  "Docker's default profile lets io_uring_setup, modify_ldt, vsock sockets and ptrace of the same user's processes through; set codex.sandbox.security.seccompProfile to hardened";

function seccompControl(
  host: ContainerInspection['HostConfig'],
  info: EngineInfo,
  { sources, security }: EffectivePolicy,
): ReportedControl {
  const own = hasOption(host, 'seccomp');
  const value = own ? profileName(security.seccompProfile, true) : seccompOfEngine(info);
  return {
    name: 'security.seccompProfile',
    value,
    source: sources['security.seccompProfile'] ?? 'default',
    ...(own ? noteOf('seccomp', host.Runtime) : { note: DEFAULT_SECCOMP_GAPS }),
  };
}

function seccompOfEngine(info: EngineInfo): string {
  const option = info.securityOptions.find((text) => text.startsWith('name=seccomp'));
  return option?.split('profile=')[1] ?? 'none';
}
