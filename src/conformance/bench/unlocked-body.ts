import type { ContainerCreateBody } from '../../sandbox/container-engine.js';

const MiB = 1024 * 1024;

/**
 * A container with everything given that a sandbox is denied, for scripts of ours alone: it has no
 * network, is bounded in memory and processes, and ends by itself after five minutes. What would
 * reach the host past its namespaces (`SYS_BOOT`, `SYS_MODULE`, `SYS_RAWIO`, `SYS_TIME`) it does not
 * have either. Its first process reaps nothing.
 */
export function unlockedBody(options: {
  image: string;
  gvisor: boolean;
  command: readonly string[];
}): ContainerCreateBody {
  const body: ContainerCreateBody & { HostConfig: { Sysctls?: Record<string, string> } } = {
    Image: options.image,
    Hostname: 'control',
    Domainname: '',
    User: '0:0',
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C.UTF-8'],
    Entrypoint: ['/bin/sh'],
    Cmd: ['-c', '"$@" & exec sleep 300', 'control', ...options.command],
    WorkingDir: '/',
    Labels: { 'risoluto.conformance': 'control' },
    Healthcheck: { Test: ['NONE'] },
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    OpenStdin: false,
    StdinOnce: false,
    Tty: false,
    StopSignal: 'SIGTERM',
    HostConfig: {
      Mounts: [],
      Tmpfs: { '/risoluto-extra': 'size=1m' },
      NetworkMode: 'none',
      RestartPolicy: { Name: 'no' },
      AutoRemove: true,
      CapAdd: ['SYSLOG', 'SYS_ADMIN', 'SYS_PTRACE', 'NET_RAW', 'NET_ADMIN', 'MKNOD'],
      CapDrop: null,
      GroupAdd: ['4242'],
      CgroupnsMode: 'private',
      IpcMode: 'private',
      PidMode: '',
      UTSMode: '',
      UsernsMode: '',
      Privileged: false,
      PublishAllPorts: false,
      ReadonlyRootfs: false,
      SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined'],
      ...(options.gvisor ? { Runtime: 'runsc' } : {}),
      Memory: 1024 * MiB,
      MemorySwap: 1024 * MiB,
      NanoCpus: 0,
      PidsLimit: 1024,
      OomKillDisable: false,
      Ulimits: [
        { Name: 'core', Soft: 1024, Hard: 1024 },
        { Name: 'nofile', Soft: 8192, Hard: 8192 },
      ],
      Devices: options.gvisor
        ? []
        : [{ PathOnHost: '/dev/kmsg', PathInContainer: '/dev/kmsg', CgroupPermissions: 'rwm' }],
      DeviceRequests: null,
      DeviceCgroupRules: null,
      Init: false,
      LogConfig: { Type: 'local', Config: { 'max-size': '32m' } },
      Dns: [],
      DnsSearch: [],
      DnsOptions: [],
      ExtraHosts: null,
      VolumesFrom: null,
      Binds: null,
      MaskedPaths: [],
      ReadonlyPaths: [],
      ...(!options.gvisor && { Sysctls: { 'net.ipv6.conf.all.disable_ipv6': '0' } }),
    },
  };
  return body;
}
