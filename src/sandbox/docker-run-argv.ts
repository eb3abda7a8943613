import type { ContainerInspection, HostConfig } from './container-engine.js';

/**
 * The `docker run` that would make the same container, from the engine's own inspection. The frame
 * (command, environment and secrets of the run) is no part of it, since it is no part of the container.
 */
export function equivalentDockerRun({
  HostConfig: host,
  Config: config,
  NetworkSettings,
}: ContainerInspection): string[] {
  const endpoint = NetworkSettings.Networks[host.NetworkMode];
  const address = endpoint?.IPAMConfig?.IPv4Address;
  return [
    'docker',
    'run',
    '--interactive',
    ...securityFlags(host),
    ...resourceFlags(host),
    `--user=${config.User}`,
    `--hostname=${config.Hostname}`,
    `--workdir=${config.WorkingDir}`,
    '--no-healthcheck',
    `--network=${host.NetworkMode}`,
    ...(address ? [`--ip=${address}`] : []),
    ...(config.MacAddress ? [`--mac-address=${config.MacAddress}`] : []),
    ...host.Dns.map((server) => `--dns=${server}`),
    ...host.Mounts.map(mountFlag),
    ...Object.entries(host.Tmpfs).map(([path, options]) => `--tmpfs=${path}:${options}`),
    `--log-driver=${host.LogConfig.Type}`,
    ...Object.entries(host.LogConfig.Config).map(([key, value]) => `--log-opt=${key}=${value}`),
    ...config.Env.map((entry) => `--env=${entry}`),
    ...Object.entries(config.Labels).map(([key, value]) => `--label=${key}=${value}`),
    ...config.Entrypoint.slice(0, 1).map((program) => `--entrypoint=${program}`),
    config.Image,
    ...config.Entrypoint.slice(1),
    ...config.Cmd,
  ];
}

function securityFlags(host: HostConfig): string[] {
  return [
    ...(host.Runtime ? [`--runtime=${host.Runtime}`] : []),
    ...(host.ReadonlyRootfs ? ['--read-only'] : []),
    ...(host.CapDrop ?? []).map((name) => `--cap-drop=${name}`),
    ...(host.SecurityOpt ?? []).map((option) =>
      option.startsWith('seccomp=')
        ? '--security-opt=seccomp=<profile>'
        : `--security-opt=${option}`,
    ),
    `--cgroupns=${host.CgroupnsMode}`,
    `--ipc=${host.IpcMode}`,
    ...(host.Init ? ['--init'] : []),
  ];
}

function resourceFlags(host: HostConfig): string[] {
  return [
    `--memory=${host.Memory}`,
    `--memory-swap=${host.MemorySwap}`,
    `--cpus=${host.NanoCpus / 1e9}`,
    `--pids-limit=${host.PidsLimit}`,
    ...host.Ulimits.map(({ Name, Soft, Hard }) => `--ulimit=${Name}=${Soft}:${Hard}`),
    `--restart=${host.RestartPolicy.Name || 'no'}`,
  ];
}

function mountFlag({ Source, Target, ReadOnly }: HostConfig['Mounts'][number]): string {
  const access = ReadOnly ? ',readonly' : '';
  return `--mount=type=bind,source=${Source},target=${Target},bind-propagation=rprivate,bind-nonrecursive=true${access}`;
}
