import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';

import { Injectable } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { DomainError } from '../kernel/domain-error.js';
import { DataDirectory } from '../persistence/data-directory.js';
import { ContainerEngine, type ContainerCreateBody } from './container-engine.js';
import { INSTANCE_LABEL } from './container-spec.js';
import { controlUnavailable } from './control-unavailable.js';
import { EngineRefusal } from './engine-refusal.js';
import { serviceOf, type HelperService } from './helper-service.js';
import { LateRemovals } from './late-removals.js';
import { LogDemultiplexer } from './log-frames.js';
import { producedOutput } from './produced-output.js';

export const HELPER_LABEL = 'risoluto.helper';

export interface HelperTask {
  /** A word for logs and labels: `disk-use`. */
  purpose: string;
  /** Runs instead of everything the image would; holds no secret. */
  argv: readonly string[];
  mounts: readonly { source: string; target: string; readOnly: boolean }[];
  /** Capabilities given back; all others are dropped. */
  caps?: readonly string[];
  /** `uid:gid`; root by default, which without capabilities is no more than an owner. */
  user?: string;
  network?: 'none' | 'host';
  /** The operator's sandbox image by default. */
  image?: string;
  /** The engine's default by default. */
  runtime?: string;
  /** A seccomp profile's JSON text; the engine's default profile by default. */
  seccompProfile?: string | null;
  timeoutMs?: number;
  /** A tmpfs of the user's, where it may write. Counts as memory. */
  scratch?: { path: string; bytes: number; inodes: number };
  /** 256 MiB by default. */
  memoryBytes?: number;
}

export interface HelperResult {
  exitCode: number;
  stdout: Buffer;
  stderr: Buffer;
}

const MiB = 1024 * 1024;
const MOST_OUTPUT_BYTES = 8 * MiB;
const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_MEMORY_BYTES = 256 * MiB;
const MOST_PROCESSES = 64;
/** Of the host's threads, of which the sentry takes more than a hundred for a shell with a pipe, or dies with 2. */
const MOST_THREADS_OF_RUNSC = 1024;

/** Small containers of ours for what must be done beside a sandbox, with what that needs and no more. */
@Injectable()
export class HelperContainers {
  constructor(
    private readonly engine: ContainerEngine,
    private readonly settings: Settings,
    private readonly dataDirectory: DataDirectory,
    private readonly removals: LateRemovals,
  ) {}

  /**
   * Runs a task to its end and removes its container. A non-zero exit is an answer, not an error.
   * Throws `control_unavailable` when the engine refuses or the time limit passes,
   * `engine_unavailable` when it does not answer.
   */
  async run(task: HelperTask): Promise<HelperResult> {
    const timeoutMs = task.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    let id: string | null = null;
    try {
      id = await this.#create(this.#body(task));
      await this.engine.startContainer(id);
      await this.#ended(id, task.purpose, timeoutMs);
      const { State } = await this.engine.inspectContainer(id);
      return { exitCode: State.ExitCode, ...(await this.#output(id)) };
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error;
      throw refusedHelper(task.purpose, error);
    } finally {
      if (id !== null) await this.#remove(id);
    }
  }

  /**
   * Starts a helper that reads lines and prints lines. It ends by itself when this process does,
   * because its input ends. Throws `control_unavailable`, `engine_unavailable`.
   */
  async serve(task: Omit<HelperTask, 'timeoutMs'>): Promise<HelperService> {
    let id: string | null = null;
    try {
      id = await this.#create(spokenTo(this.#body(task)));
      const input = await this.engine.attachInput(id);
      await this.engine.startContainer(id);
      const log = await this.engine.logs(id, { follow: true });
      return serviceOf(this.engine, id, { input, log });
    } catch (error) {
      if (id !== null) await this.#remove(id);
      if (!(error instanceof EngineRefusal)) throw error;
      throw refusedHelper(task.purpose, error);
    }
  }

  /**
   * Starts a helper for what it prints, however much; none of it is kept in a log. The stream fails
   * when the helper does (`HelperFailed`); destroying it ends the helper. It is closed when the
   * container is gone, or the engine has refused to remove it. Throws `control_unavailable`,
   * `engine_unavailable`.
   */
  async produce(task: Omit<HelperTask, 'timeoutMs'>): Promise<Readable> {
    let id: string | null = null;
    try {
      id = await this.#create(unlogged(this.#body(task)));
      const attached = await this.engine.attachOutput(id);
      await this.engine.startContainer(id);
      const made = id;
      return producedOutput({
        purpose: task.purpose,
        attached,
        exitCode: async () => {
          await this.engine.wait(made);
          return (await this.engine.inspectContainer(made)).State.ExitCode;
        },
        remove: () => this.#remove(made),
      });
    } catch (error) {
      if (id !== null) await this.#remove(id);
      if (!(error instanceof EngineRefusal)) throw error;
      throw refusedHelper(task.purpose, error);
    }
  }

  /** Removes the helpers of this instance that a crash left behind. */
  async removeAll(): Promise<number> {
    const found = await this.engine.listContainers({
      label: [`${INSTANCE_LABEL}=${this.dataDirectory.instanceId}`, HELPER_LABEL],
    });
    await Promise.all(found.map(({ Id }) => this.engine.removeContainer(Id)));
    return found.length;
  }

  async #create(body: ContainerCreateBody): Promise<string> {
    const name = `risoluto-${randomBytes(8).toString('hex')}`;
    try {
      return (await this.engine.createContainer(name, body)).id;
    } catch (error) {
      if (!(error instanceof EngineRefusal)) this.removals.addUnanswered(name);
      throw error;
    }
  }

  async #remove(id: string): Promise<void> {
    await this.engine.removeContainer(id).catch(() => this.removals.add(id));
  }

  async #ended(id: string, purpose: string, timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new DomainError('control_unavailable', `The helper ${purpose} took too long`));
      }, timeoutMs);
    });
    try {
      await Promise.race([this.engine.wait(id), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #output(id: string): Promise<{ stdout: Buffer; stderr: Buffer }> {
    const demultiplexer = new LogDemultiplexer();
    const parts: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
    let length = 0;
    const log = await this.engine.logs(id, { follow: false });
    for await (const chunk of log) {
      for (const { stream, bytes } of demultiplexer.push(chunk as Buffer))
        parts[stream].push(bytes);
      if ((length += (chunk as Buffer).length) > MOST_OUTPUT_BYTES) break;
    }
    return { stdout: Buffer.concat(parts.stdout), stderr: Buffer.concat(parts.stderr) };
  }

  #body(task: HelperTask): ContainerCreateBody {
    const memoryBytes = task.memoryBytes ?? DEFAULT_MEMORY_BYTES;
    return {
      Image: task.image ?? this.settings.codex.sandbox.image,
      Hostname: task.network === 'host' ? '' : 'helper',
      Domainname: '',
      User: task.user ?? '0:0',
      Env: [],
      Entrypoint: task.argv.slice(0, 1),
      Cmd: task.argv.slice(1),
      WorkingDir: '/',
      Labels: {
        [INSTANCE_LABEL]: this.dataDirectory.instanceId,
        [HELPER_LABEL]: task.purpose,
      },
      Healthcheck: { Test: ['NONE'] },
      AttachStdin: false,
      AttachStdout: false,
      AttachStderr: false,
      OpenStdin: false,
      StdinOnce: false,
      Tty: false,
      StopSignal: 'SIGTERM',
      HostConfig: {
        Mounts: task.mounts.map(({ source, target, readOnly }) => ({
          Type: 'bind',
          Source: source,
          Target: target,
          ReadOnly: readOnly,
          BindOptions: { Propagation: 'rprivate', NonRecursive: true },
        })),
        Tmpfs: scratchOf(task),
        NetworkMode: task.network ?? 'none',
        RestartPolicy: { Name: 'no' },
        AutoRemove: false,
        CapAdd: [...(task.caps ?? [])],
        CapDrop: ['ALL'],
        GroupAdd: null,
        CgroupnsMode: 'private',
        IpcMode: 'private',
        PidMode: '',
        UTSMode: '',
        UsernsMode: '',
        Privileged: false,
        PublishAllPorts: false,
        ReadonlyRootfs: true,
        SecurityOpt: [
          'no-new-privileges',
          ...(task.seccompProfile ? [`seccomp=${task.seccompProfile}`] : []),
        ],
        ...(task.runtime === undefined ? {} : { Runtime: task.runtime }),
        Memory: memoryBytes,
        MemorySwap: memoryBytes,
        NanoCpus: 1e9,
        PidsLimit: task.runtime === 'runsc' ? MOST_THREADS_OF_RUNSC : MOST_PROCESSES,
        OomKillDisable: false,
        Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
        Devices: [],
        DeviceRequests: null,
        DeviceCgroupRules: null,
        Init: true,
        LogConfig: {
          Type: 'local',
          Config: { 'max-size': '16m', 'max-file': '2', compress: 'false' },
        },
        Dns: [],
        DnsSearch: [],
        DnsOptions: [],
        ExtraHosts: null,
        VolumesFrom: null,
        Binds: null,
      },
    };
  }
}

function scratchOf({ scratch, user = '0:0' }: HelperTask): Record<string, string> {
  if (scratch === undefined) return {};
  const [uid, gid] = user.split(':');
  const bounds = `size=${scratch.bytes},nr_inodes=${scratch.inodes}`;
  return {
    [scratch.path]: `rw,nosuid,nodev,noexec,${bounds},mode=0700,uid=${uid},gid=${gid}`,
  };
}

function refusedHelper(purpose: string, error: EngineRefusal): DomainError {
  return controlUnavailable(
    `helper ${purpose}`,
    'the engine refused the helper container; the service’s log has its reason',
    error,
  );
}

/** What it prints may be gigabytes. */
function unlogged(body: ContainerCreateBody): ContainerCreateBody {
  const hostConfig = { ...body.HostConfig, LogConfig: { Type: 'none', Config: {} } };
  return { ...body, AttachStdout: true, AttachStderr: true, HostConfig: hostConfig };
}

function spokenTo(body: ContainerCreateBody): ContainerCreateBody {
  return {
    ...body,
    AttachStdin: true,
    OpenStdin: true,
    StdinOnce: true,
    HostConfig: {
      ...body.HostConfig,
      Tmpfs: { '/tmp': 'rw,nosuid,nodev,noexec,size=8m,nr_inodes=64,mode=0700' },
    },
  };
}
