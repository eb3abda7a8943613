import type { ContainerCreateBody, HostConfig } from './container-engine.js';
import {
  CODEX_HOME,
  HOME,
  type MountSources,
  WORKSPACE,
  buildMounts,
  buildTmpfs,
} from './container-mounts.js';
import type { EffectivePolicy } from './policy.js';
import type { ResolvedImage } from './resolved-image.js';

export const INSTANCE_LABEL = 'risoluto.instance';
export const SANDBOX_LABEL = 'risoluto.sandbox';
export const RUN_LABEL = 'risoluto.run';
export const ISSUE_LABEL = 'risoluto.issue';
export const TURN_LABEL = 'risoluto.turn';

/** Where a sandbox stands on the network; the address and the MAC are ours to give and to grant. */
export type NetworkPlacement =
  { mode: 'none' } | { mode: 'bridge'; name: string; address: string; mac: string };

export interface ContainerSpecInput {
  policy: EffectivePolicy;
  instanceId: string;
  runId: string;
  issue: string;
  turn: number;
  image: ResolvedImage;
  network: NetworkPlacement;
  mounts: MountSources;
  /** The input is not ended when whoever writes to it is gone: an agent outlives the service. */
  keepInput?: boolean;
  /** The profile's JSON text; null: the engine's default profile. */
  seccompProfile: string | null;
  outputLimitBytes: number;
  /** Random: the engine answers neighbours who ask for a host name, so a common one would list us all. */
  hostname: string;
}

const MiB = 1024 * 1024;
/** Few hosts let an engine give more without asking. */
const OPEN_FILES = 16_384;

/**
 * Docker's resolver inside (127.0.0.11) forwards from the host's namespace when its upstream is a
 * loopback address, which no fence sees. This one is of no use to anybody (RFC 5737), so that what
 * the resolver forwards comes from the sandbox's own namespace and ends at the fence.
 */
const UNUSED_RESOLVER = '192.0.2.53';

/**
 * The body of the create call: every control of the policy and every one that has no key. Pure.
 * Secrets and the request's environment are no part of it: they come in the frame.
 */
export function buildContainerSpec(input: ContainerSpecInput): ContainerCreateBody {
  const { policy, image, network } = input;
  return {
    Image: image.id,
    Hostname: input.hostname,
    Domainname: '',
    User: `${image.uid}:${image.gid}`,
    Env: environmentOf(policy, image),
    Entrypoint: ['/bin/sh'],
    Cmd: ['-s'],
    WorkingDir: WORKSPACE,
    Labels: labelsOf(input),
    Healthcheck: { Test: ['NONE'] },
    AttachStdin: true,
    AttachStdout: false,
    AttachStderr: false,
    OpenStdin: true,
    StdinOnce: input.keepInput !== true,
    Tty: false,
    StopSignal: 'SIGTERM',
    HostConfig: hostConfigOf(input),
    ...(network.mode === 'bridge'
      ? {
          MacAddress: network.mac,
          NetworkingConfig: {
            EndpointsConfig: {
              [network.name]: {
                IPAMConfig: { IPv4Address: network.address },
                MacAddress: network.mac,
              },
            },
          },
        }
      : {}),
  };
}

function environmentOf(policy: EffectivePolicy, image: ResolvedImage): string[] {
  return [
    `PATH=${image.path}`,
    `HOME=${HOME}`,
    `CODEX_HOME=${CODEX_HOME}`,
    'LANG=C.UTF-8',
    ...(policy.tmpdir ? [`TMPDIR=${policy.tmpdir}`] : []),
  ];
}

function labelsOf({ instanceId, runId, issue, turn }: ContainerSpecInput): Record<string, string> {
  return {
    [INSTANCE_LABEL]: instanceId,
    [SANDBOX_LABEL]: 'true',
    [RUN_LABEL]: runId,
    [ISSUE_LABEL]: issue,
    [TURN_LABEL]: String(turn),
  };
}

function hostConfigOf(input: ContainerSpecInput): HostConfig {
  const { policy, image, network, mounts } = input;
  const { resources, security } = policy;
  const binds = buildMounts(policy, mounts);
  return {
    Mounts: binds,
    Tmpfs: buildTmpfs(policy, image),
    NetworkMode: network.mode === 'none' ? 'none' : network.name,
    RestartPolicy: { Name: 'no' },
    AutoRemove: false,
    CapAdd: null,
    CapDrop: security.dropCapabilities ? ['ALL'] : null,
    GroupAdd: null,
    CgroupnsMode: 'private',
    IpcMode: 'private',
    PidMode: '',
    UTSMode: '',
    UsernsMode: '',
    Privileged: false,
    PublishAllPorts: false,
    ReadonlyRootfs: !policy.rootWritable,
    SecurityOpt: [
      ...(security.noNewPrivileges ? ['no-new-privileges'] : []),
      ...(input.seccompProfile === null ? [] : [`seccomp=${input.seccompProfile}`]),
    ],
    ...(security.gvisor ? { Runtime: 'runsc' } : {}),
    Memory: resources.memory,
    MemorySwap: resources.memory,
    NanoCpus: Math.round(resources.cpus * 1e9),
    PidsLimit: resources.pids + (security.gvisor ? threadsOfRunsc(binds) : 0),
    OomKillDisable: false,
    Ulimits: [
      { Name: 'core', Soft: 0, Hard: 0 },
      { Name: 'nofile', Soft: OPEN_FILES, Hard: OPEN_FILES },
    ],
    Devices: [],
    DeviceRequests: null,
    DeviceCgroupRules: null,
    Init: true,
    LogConfig: logConfigOf(input.outputLimitBytes),
    Dns: [UNUSED_RESOLVER],
    DnsSearch: [],
    DnsOptions: [],
    ExtraHosts: null,
    VolumesFrom: null,
    Binds: null,
  };
}

/**
 * gVisor takes some four threads of its own for each mount and counts them; a workspace with many
 * submodules would leave a command none.
 */
function threadsOfRunsc(binds: HostConfig['Mounts']): number {
  return 5 * binds.filter(({ Target }) => Target.startsWith(`${WORKSPACE}/`)).length;
}

/** Twice the output cap, because a short line costs more on disk than its text; and a bound. */
function logConfigOf(outputLimitBytes: number): HostConfig['LogConfig'] {
  // A flood must not rotate away what has not been read yet.
  const size = Math.max(2 * outputLimitBytes, 64 * MiB);
  return {
    Type: 'local',
    Config: { 'max-size': `${Math.ceil(size / 1024)}k`, 'max-file': '2', compress: 'false' },
  };
}
