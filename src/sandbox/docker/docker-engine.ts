import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

import Docker from 'dockerode';

import {
  ContainerEngine,
  type ContainerCreateBody,
  type ContainerFilter,
  type ContainerInspection,
  type ContainerSummary,
  type EngineDescription,
  type EngineInfo,
  type EngineInput,
  type ImageInspection,
  type LogQuery,
  type NetworkCreateBody,
  type NetworkInspection,
} from '../container-engine.js';
import { isRefusal } from '../engine-refusal.js';
import { attachInput } from './attach-input.js';
import { attachOutput } from './attach-output.js';
import { type EngineAddress, isLocalEngine, parseEngineAddress } from './engine-address.js';
import { dial } from './engine-dial.js';
import { engineCall, toEngineError } from './engine-errors.js';
import { eachEvent, openEvents } from './engine-events.js';
import { withTimedCalls, type CallObserver } from './timed-calls.js';
import { withWholeAnswers } from './whole-answers.js';

/** Silence on a call's connection after which it has failed. */
const CALL_LIMIT_MS = 60_000;
const CHANGE_KINDS = ['changed', 'added', 'deleted'] as const;

interface DockerInfo {
  ServerVersion?: string;
  CgroupVersion?: string;
  DefaultRuntime?: string;
  DockerRootDir?: string;
  SecurityOptions?: string[] | null;
  SwapLimit?: boolean;
  SystemTime?: string;
  Runtimes?: Record<string, { runtimeArgs?: string[] | null }>;
}

interface DockerVersion {
  Components?: { Name: string; Version: string; Details?: Record<string, string> | null }[] | null;
}

/** The Docker Engine, over its API. */
export class DockerEngine extends ContainerEngine {
  readonly #address: EngineAddress;
  readonly #calls: Docker;
  /** Without a time limit, for what lasts as long as a container. */
  readonly #streams: Docker;

  readonly local: boolean;

  /** `onCall` hears of every call but those that last as long as a container. */
  constructor(dockerHost: string | null, onCall: CallObserver = () => undefined) {
    super();
    this.#address = parseEngineAddress(dockerHost);
    this.local = isLocalEngine(this.#address);
    const destination =
      this.#address.kind === 'unix'
        ? { socketPath: this.#address.socketPath, host: undefined }
        : { protocol: 'http' as const, host: this.#address.host, port: this.#address.port };
    const calls = withWholeAnswers(new Docker({ ...destination, timeout: CALL_LIMIT_MS }));
    this.#calls = withTimedCalls(calls, onCall);
    this.#streams = withWholeAnswers(new Docker({ ...destination, timeout: 0 }));
  }

  async info(): Promise<EngineInfo> {
    const info = (await engineCall(() => this.#calls.info())) as DockerInfo;
    const runtimes = info.Runtimes ?? {};
    return {
      version: info.ServerVersion ?? '',
      cgroupVersion: info.CgroupVersion ?? '1',
      runtimes: Object.fromEntries(
        Object.entries(runtimes).map(([name, { runtimeArgs }]) => [name, runtimeArgs ?? []]),
      ),
      defaultRuntime: info.DefaultRuntime ?? '',
      securityOptions: info.SecurityOptions ?? [],
      rootDir: info.DockerRootDir ?? '',
    };
  }

  async describe(): Promise<EngineDescription> {
    const info = (await engineCall(() => this.#calls.info())) as DockerInfo;
    const { Components } = (await engineCall(() =>
      this.#calls.version(),
    )) as unknown as DockerVersion;
    return {
      components: (Components ?? []).map(({ Name, Version, Details }) => ({
        name: Name,
        version: Version,
        revision: Details?.GitCommit ?? '',
      })),
      systemTime: info.SystemTime ?? '',
      swapLimit: info.SwapLimit ?? false,
    };
  }

  inspectImage(reference: string): Promise<ImageInspection> {
    return engineCall(
      async () => (await this.#calls.getImage(reference).inspect()) as ImageInspection,
    );
  }

  async createContainer(name: string, body: ContainerCreateBody) {
    const answer = await engineCall(() =>
      dial<{ Id: string; Warnings?: string[] | null }>(this.#calls, {
        method: 'POST',
        path: '/containers/create?',
        options: { _query: { name }, _body: body },
        expected: 201,
      }),
    );
    return { id: answer.Id, warnings: answer.Warnings ?? [] };
  }

  inspectContainer(id: string): Promise<ContainerInspection> {
    return engineCall(
      async () => (await this.#calls.getContainer(id).inspect()) as unknown as ContainerInspection,
    );
  }

  listContainers(filter: ContainerFilter): Promise<ContainerSummary[]> {
    const filters: Record<string, string[]> = { ...filter };
    return engineCall(
      async () =>
        (await this.#calls.listContainers({ all: true, filters })) as unknown as ContainerSummary[],
    );
  }

  startContainer(id: string): Promise<void> {
    return engineCall(async () => {
      await this.#calls.getContainer(id).start();
    });
  }

  async attachInput(id: string): Promise<EngineInput> {
    return engineCall(() => attachInput(this.#address, id));
  }

  attachOutput(id: string): Promise<Readable> {
    return engineCall(() => attachOutput(this.#address, id));
  }

  logs(id: string, { follow, since, tail }: LogQuery): Promise<Readable> {
    return engineCall(() =>
      dial<Readable>(this.#streams, {
        method: 'GET',
        path: `/containers/${encodeURIComponent(id)}/logs?`,
        isStream: true,
        options: {
          follow: follow ? '1' : '0',
          stdout: '1',
          stderr: '1',
          timestamps: '1',
          ...(since === undefined ? {} : { since }),
          ...(tail === undefined ? {} : { tail: String(tail) }),
        },
        expected: 200,
      }),
    );
  }

  wait(id: string): Promise<void> {
    return engineCall(async () => {
      await this.#streams.getContainer(id).wait({ condition: 'not-running' });
    });
  }

  remembersStart(id: string): Promise<boolean> {
    return engineCall(async () => {
      const until = (Date.now() / 1000).toFixed(3);
      const events = await openEvents(this.#calls, { id, kind: 'start', query: { until } });
      return (await text(events)).includes(id);
    });
  }

  async events(id: string, kind: string, signal: AbortSignal): Promise<AsyncIterator<void>> {
    const events = await engineCall(() => openEvents(this.#streams, { id, kind, signal }));
    return eachEvent(events);
  }

  signal(id: string, signal: string): Promise<void> {
    return engineCall(async () => {
      await this.#calls.getContainer(id).kill({ signal });
    });
  }

  async removeContainer(id: string): Promise<void> {
    try {
      await this.#calls.getContainer(id).remove({ force: true, v: true });
    } catch (error) {
      const failure = toEngineError(error);
      // 409: somebody else is removing it already.
      if (!isRefusal(failure, 404) && !isRefusal(failure, 409)) throw failure;
    }
  }

  async writtenBytes(id: string): Promise<number> {
    const { SizeRw } = await engineCall(() =>
      dial<{ SizeRw?: number }>(this.#calls, {
        method: 'GET',
        path: `/containers/${encodeURIComponent(id)}/json?`,
        options: { size: '1' },
        expected: 200,
      }),
    );
    return SizeRw ?? 0;
  }

  async changes(id: string) {
    const changes = await engineCall(
      async () =>
        (await this.#calls.getContainer(id).changes()) as { Path: string; Kind: number }[] | null,
    );
    return (changes ?? []).map(({ Path, Kind }) => ({
      path: Path,
      kind: CHANGE_KINDS[Kind] ?? 'changed',
    }));
  }

  readArchive(id: string, path: string): Promise<Readable> {
    return engineCall(
      async () => (await this.#calls.getContainer(id).getArchive({ path })) as unknown as Readable,
    );
  }

  listNetworks(): Promise<NetworkInspection[]> {
    return engineCall(
      async () => (await this.#calls.listNetworks()) as unknown as NetworkInspection[],
    );
  }

  async inspectNetwork(name: string): Promise<NetworkInspection | null> {
    try {
      return (await this.#calls.getNetwork(name).inspect()) as NetworkInspection;
    } catch (error) {
      const failure = toEngineError(error);
      if (isRefusal(failure, 404)) return null;
      throw failure;
    }
  }

  createNetwork(body: NetworkCreateBody): Promise<void> {
    return engineCall(async () => {
      await this.#calls.createNetwork(body);
    });
  }

  async removeNetwork(name: string): Promise<void> {
    try {
      await this.#calls.getNetwork(name).remove();
    } catch (error) {
      const failure = toEngineError(error);
      if (!isRefusal(failure, 404)) throw failure;
    }
  }
}
