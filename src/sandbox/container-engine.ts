import type { Readable } from 'node:stream';

/** What we ask an engine to create: the part of Docker's API that we use. */
export interface ContainerCreateBody {
  Image: string;
  Hostname: string;
  Domainname: string;
  User: string;
  Env: string[];
  Entrypoint: string[];
  Cmd: string[];
  WorkingDir: string;
  Labels: Record<string, string>;
  Healthcheck: { Test: string[] };
  AttachStdin: boolean;
  AttachStdout: boolean;
  AttachStderr: boolean;
  OpenStdin: boolean;
  StdinOnce: boolean;
  Tty: boolean;
  NetworkDisabled?: boolean;
  MacAddress?: string;
  StopSignal: string;
  HostConfig: HostConfig;
  NetworkingConfig?: { EndpointsConfig: Record<string, EndpointConfig> };
}

export interface EndpointConfig {
  IPAMConfig?: { IPv4Address?: string } | null;
  MacAddress?: string;
}

export interface HostConfig {
  Mounts: MountSpec[];
  Tmpfs: Record<string, string>;
  NetworkMode: string;
  RestartPolicy: { Name: string; MaximumRetryCount?: number };
  AutoRemove: boolean;
  CapAdd: string[] | null;
  CapDrop: string[] | null;
  GroupAdd: string[] | null;
  CgroupnsMode: string;
  IpcMode: string;
  PidMode: string;
  UTSMode: string;
  UsernsMode: string;
  Privileged: boolean;
  PublishAllPorts: boolean;
  ReadonlyRootfs: boolean;
  SecurityOpt: string[] | null;
  Runtime?: string;
  Memory: number;
  MemorySwap: number;
  NanoCpus: number;
  PidsLimit: number | null;
  OomKillDisable: boolean;
  Ulimits: { Name: string; Soft: number; Hard: number }[];
  Devices: unknown[] | null;
  DeviceRequests: unknown[] | null;
  DeviceCgroupRules: string[] | null;
  Init: boolean;
  LogConfig: { Type: string; Config: Record<string, string> };
  Dns: string[];
  DnsSearch: string[];
  DnsOptions: string[];
  ExtraHosts: string[] | null;
  VolumesFrom: string[] | null;
  Binds: string[] | null;
  MaskedPaths?: string[] | null;
  ReadonlyPaths?: string[] | null;
}

export interface MountSpec {
  Type: 'bind';
  Source: string;
  Target: string;
  ReadOnly: boolean;
  BindOptions: { Propagation: 'rprivate'; NonRecursive: boolean };
}

export interface ContainerState {
  Status: string;
  Running: boolean;
  OOMKilled: boolean;
  ExitCode: number;
  Error: string;
  StartedAt: string;
  FinishedAt: string;
}

/** What an engine says of a container. */
export interface ContainerInspection {
  Id: string;
  Name: string;
  Image: string;
  AppArmorProfile?: string;
  State: ContainerState;
  HostConfig: HostConfig;
  Config: Omit<ContainerCreateBody, 'HostConfig' | 'NetworkingConfig'>;
  Mounts: {
    Type: string;
    Source: string;
    Destination: string;
    RW: boolean;
    Propagation: string;
  }[];
  NetworkSettings: { Networks: Record<string, EndpointConfig & { NetworkID?: string }> };
}

export interface ImageInspection {
  Id: string;
  Config: { Env?: string[] | null; Volumes?: Record<string, unknown> | null } | null;
}

export interface EngineInfo {
  version: string;
  cgroupVersion: string;
  /** By name: the arguments that the engine adds for it. */
  runtimes: Readonly<Record<string, readonly string[]>>;
  defaultRuntime: string;
  /** As the engine words them: `name=seccomp,profile=default`. */
  securityOptions: readonly string[];
  rootDir: string;
}

export interface EngineComponent {
  /** As the engine names it: `Engine`, `containerd`, `runc`. */
  name: string;
  version: string;
  /** Of its source or of the distribution's package; empty when the engine does not say. */
  revision: string;
}

/** What an engine says of itself and its host that no sandbox depends on. */
export interface EngineDescription {
  components: readonly EngineComponent[];
  /** Its clock, ISO-8601; empty when it does not say. */
  systemTime: string;
  /** Whether a limit of swap can be held. */
  swapLimit: boolean;
}

export interface NetworkCreateBody {
  Name: string;
  Driver: string;
  Internal: boolean;
  EnableIPv6: boolean;
  CheckDuplicate: boolean;
  IPAM: { Driver: string; Config: { Subnet: string; Gateway: string }[] };
  Options: Record<string, string>;
  Labels: Record<string, string>;
}

export interface NetworkInspection {
  Id: string;
  Name: string;
  Driver: string;
  Scope: string;
  Internal: boolean;
  EnableIPv6: boolean;
  Ingress?: boolean;
  IPAM: { Config: { Subnet?: string; Gateway?: string }[] | null };
  Options: Record<string, string> | null;
  Labels: Record<string, string> | null;
}

export interface ContainerSummary {
  Id: string;
  Labels: Record<string, string>;
  State: string;
  NetworkSettings: { Networks: Record<string, EndpointConfig & { IPAddress?: string }> };
}

export interface LogQuery {
  follow: boolean;
  /** Only pieces at or after this time, `seconds.nanoseconds` since 1970. */
  since?: string;
  /** Of what is there already, only so many of the last; all of it unless told. */
  tail?: number;
}

/** Filters of `listContainers`: all must match. */
export interface ContainerFilter {
  label?: string[];
  network?: string[];
}

/**
 * The container engine. Every call answers or fails within its time limit; `wait`, `logs`,
 * `attachInput` and `attachOutput` are streams without one. A failure is a DomainError: `engine_unavailable` when the
 * engine cannot be reached or breaks, or an `EngineRefusal` when it answered with a status.
 */
export abstract class ContainerEngine {
  /** The engine is reached by a socket of this machine, so that it shares its files and bridges. */
  abstract readonly local: boolean;
  abstract info(): Promise<EngineInfo>;
  abstract describe(): Promise<EngineDescription>;
  abstract inspectImage(reference: string): Promise<ImageInspection>;
  abstract createContainer(
    name: string,
    body: ContainerCreateBody,
  ): Promise<{ id: string; warnings: readonly string[] }>;
  abstract inspectContainer(id: string): Promise<ContainerInspection>;
  abstract listContainers(filter: ContainerFilter): Promise<ContainerSummary[]>;
  abstract startContainer(id: string): Promise<void>;
  /** The container's standard input; ending it ends the input, where it was made with `StdinOnce`. */
  abstract attachInput(id: string): Promise<EngineInput>;
  /** Its standard output and error from here on, multiplexed, without timestamps. */
  abstract attachOutput(id: string): Promise<Readable>;
  /** Docker's multiplexed log with timestamps. Destroy it to stop. */
  abstract logs(id: string, query: LogQuery): Promise<Readable>;
  /** Resolves when the container does not run, at once if it has ended. */
  abstract wait(id: string): Promise<void>;
  /**
   * Whether the engine's memory holds the start of this container. It ends with the engine's process
   * and, after some hundred other events, before it.
   */
  abstract remembersStart(id: string): Promise<boolean>;
  /**
   * Each event of this kind of a container that the engine's memory holds, then those that come, until
   * `signal` fires. Resolves when the engine listens.
   */
  abstract events(id: string, kind: string, signal: AbortSignal): Promise<AsyncIterator<void>>;
  abstract signal(id: string, signal: string): Promise<void>;
  /** Kills and removes it with its anonymous volumes; one that is gone is no error. */
  abstract removeContainer(id: string): Promise<void>;
  /** Bytes that a container wrote to its root filesystem. */
  abstract writtenBytes(id: string): Promise<number>;
  /** Paths that differ from the image, as `docker diff`. */
  abstract changes(id: string): Promise<{ path: string; kind: 'changed' | 'added' | 'deleted' }[]>;
  /** One file of a container, running or not, as a tar stream. */
  abstract readArchive(id: string, path: string): Promise<Readable>;
  abstract listNetworks(): Promise<NetworkInspection[]>;
  /** Null when there is none of this name. */
  abstract inspectNetwork(name: string): Promise<NetworkInspection | null>;
  abstract createNetwork(body: NetworkCreateBody): Promise<void>;
  abstract removeNetwork(name: string): Promise<void>;
}

export interface EngineInput {
  /** The engine still listens, as far as is known here. */
  readonly open: boolean;
  /** Resolves when the bytes are handed to the engine's socket. */
  write(bytes: Buffer): Promise<void>;
  /** Resolves when the bytes are handed to the engine's socket; then the input is ended. */
  finish(bytes: Buffer): Promise<void>;
  close(): void;
}
