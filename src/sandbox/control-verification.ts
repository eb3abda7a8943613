import type { ContainerCreateBody, ContainerInspection } from './container-engine.js';

/** A control that the engine did not apply as asked. */
export interface UnheldControl {
  control: string;
  asked: unknown;
  found: unknown;
}

type Check = readonly [control: string, asked: unknown, found: unknown];

/**
 * Compares what was asked for with what the engine says it will run. An engine, or a proxy before
 * it, that drops or changes a field is found here, before anything has started.
 */
export function findUnheldControls(
  asked: ContainerCreateBody,
  found: ContainerInspection,
): UnheldControl[] {
  return [
    ...hostChecks(asked, found),
    ...configChecks(asked, found),
    ...networkChecks(asked, found),
  ]
    .filter(([, wanted, got]) => canonical(wanted) !== canonical(got))
    .map(([control, wanted, got]) => ({ control, asked: wanted, found: got }));
}

function hostChecks(asked: ContainerCreateBody, found: ContainerInspection): Check[] {
  const wanted = asked.HostConfig;
  const got = found.HostConfig;
  return [
    ['security.gvisor', wanted.Runtime ?? got.Runtime, got.Runtime],
    ['security.dropCapabilities', wanted.CapDrop ?? [], (got.CapDrop ?? []).map(upper)],
    ['capabilities added', [], got.CapAdd ?? []],
    ['privileged', false, got.Privileged],
    ['security options', sorted(wanted.SecurityOpt), sorted(got.SecurityOpt)],
    ['read-only root filesystem', wanted.ReadonlyRootfs, got.ReadonlyRootfs],
    ['masked paths', true, (got.MaskedPaths ?? []).includes('/proc/kcore')],
    ['read-only paths', true, (got.ReadonlyPaths ?? []).includes('/proc/sys')],
    ['resources.memory', wanted.Memory, got.Memory],
    ['swap limit', wanted.MemorySwap, got.MemorySwap],
    ['out-of-memory killer', false, got.OomKillDisable ?? false],
    ['resources.cpus', wanted.NanoCpus, got.NanoCpus],
    ['resources.pids', wanted.PidsLimit, got.PidsLimit],
    ['ulimits', sorted(wanted.Ulimits.map(ulimit)), sorted((got.Ulimits ?? []).map(ulimit))],
    ['resources.tmpfs', wanted.Tmpfs, got.Tmpfs],
    ['private cgroup namespace', wanted.CgroupnsMode, got.CgroupnsMode],
    ['private ipc namespace', wanted.IpcMode, got.IpcMode],
    ['private pid namespace', '', got.PidMode],
    ['private uts namespace', '', got.UTSMode],
    ['user namespace', '', got.UsernsMode],
    ['no devices', 0, (got.Devices ?? []).length + (got.DeviceRequests ?? []).length],
    ['device rules', [], got.DeviceCgroupRules ?? []],
    ['extra groups', [], got.GroupAdd ?? []],
    ['init', true, got.Init],
    ['no automatic removal', false, got.AutoRemove],
    ['restart policy', 'no', got.RestartPolicy.Name || 'no'],
    ['log driver', wanted.LogConfig, got.LogConfig],
    ['resolver', wanted.Dns, got.Dns],
    ['no shared volumes', 0, (got.VolumesFrom ?? []).length + (got.Binds ?? []).length],
    ['mounts', wantedMounts(asked), foundMounts(asked, found)],
  ];
}

function configChecks(asked: ContainerCreateBody, found: ContainerInspection): Check[] {
  const got = found.Config;
  const health = got.Healthcheck?.Test ?? asked.Healthcheck.Test;
  return [
    ['image', asked.Image, found.Image],
    ['user', asked.User, got.User],
    ['entrypoint', [...asked.Entrypoint, ...asked.Cmd], [...got.Entrypoint, ...got.Cmd]],
    ['working directory', asked.WorkingDir, got.WorkingDir],
    ['health check', asked.Healthcheck.Test, health],
    ['host name', asked.Hostname, got.Hostname],
    ['standard input', [true, asked.StdinOnce, false], [got.OpenStdin, got.StdinOnce, got.Tty]],
    ['environment', [], asked.Env.filter((entry) => !got.Env.includes(entry))],
    ['labels', asked.Labels, pick(got.Labels, Object.keys(asked.Labels))],
  ];
}

function networkChecks(asked: ContainerCreateBody, found: ContainerInspection): Check[] {
  const mode = asked.HostConfig.NetworkMode;
  const endpoint = asked.NetworkingConfig?.EndpointsConfig[mode];
  const got = found.NetworkSettings.Networks;
  return [
    ['network', mode, found.HostConfig.NetworkMode],
    ['one network', [mode], Object.keys(got)],
    [
      'network address',
      endpoint?.IPAMConfig?.IPv4Address ?? null,
      got[mode]?.IPAMConfig?.IPv4Address ?? null,
    ],
    [
      'network MAC',
      endpoint?.MacAddress ?? null,
      endpoint ? found.Config.MacAddress || got[mode]?.MacAddress || null : null,
    ],
  ];
}

const mountLine = (target: string, source: string, writable: boolean) =>
  `${target} ${source} ${writable ? 'rw' : 'ro'} rprivate`;

function wantedMounts(asked: ContainerCreateBody): string[] {
  return asked.HostConfig.Mounts.map(({ Target, Source, ReadOnly }) =>
    mountLine(Target, Source, !ReadOnly),
  ).sort();
}

/** The engine's list, without the tmpfs of ours, which some engines show in it. */
function foundMounts(asked: ContainerCreateBody, found: ContainerInspection): string[] {
  return found.Mounts.filter(({ Type, Destination }) => {
    return Type !== 'tmpfs' || !(Destination in asked.HostConfig.Tmpfs);
  })
    .map(({ Type, Destination, Source, RW, Propagation }) =>
      Type === 'bind' && Propagation === 'rprivate'
        ? mountLine(Destination, Source, RW)
        : `${Destination} ${Type} ${Propagation}`,
    )
    .sort();
}

const upper = (text: string) => text.toUpperCase();
const sorted = (list: readonly string[] | null | undefined) => [...(list ?? [])].sort();
const ulimit = ({ Name, Soft, Hard }: { Name: string; Soft: number; Hard: number }) =>
  `${Name}=${Soft}:${Hard}`;

function pick(record: Readonly<Record<string, string>>, keys: readonly string[]) {
  return Object.fromEntries(keys.map((key) => [key, record[key]]));
}

function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([key, item]) => `${key}:${canonical(item)}`).join()}}`;
}
