import type { Readable } from 'node:stream';

import Docker from 'dockerode';

import {
  ContainerEngine,
  type ContainerCreateBody,
  type ContainerFilter,
  type ContainerInspection,
  type ContainerSummary,
  type EngineInfo,
  type EngineInput,
  type ImageInspection,
  type LogQuery,
  type NetworkCreateBody,
  type NetworkInspection,
} from '../container-engine.js';
import { isRefusal } from '../engine-refusal.js';
import { attachInput } from './attach-input.js';
import { type EngineAddress, parseEngineAddress } from './engine-address.js';
import { engineCall, toEngineError } from './engine-errors.js';

/** Silence on a call's connection after which it has failed. */
const CALL_LIMIT_MS = 60_000;
const CHANGE_KINDS = ['changed', 'added', 'deleted'] as const;

/** The Docker Engine, over its API. */
export class DockerEngine extends ContainerEngine {
  readonly #address: EngineAddress;
  readonly #calls: Docker;
  /** Without a time limit, for what lasts as long as a container. */
  readonly #streams: Docker;

  constructor(dockerHost: string | null) {
    super();
    this.#address = parseEngineAddress(dockerHost);
    const destination =
      this.#address.kind === 'unix'
        ? { socketPath: this.#address.socketPath, host: undefined }
        : { protocol: 'http' as const, host: this.#address.host, port: this.#address.port };
    this.#calls = new Docker({ ...destination, timeout: CALL_LIMIT_MS } as Docker.DockerOptions);
    this.#streams = new Docker({ ...destination, timeout: 0 } as Docker.DockerOptions);
  }

  async info(): Promise<EngineInfo> {
    const info = (await engineCall(() => this.#calls.info())) as Record<string, unknown>;
    const runtimes = (info.Runtimes ?? {}) as Record<string, { runtimeArgs?: string[] | null }>;
    return {
      version: String(info.ServerVersion ?? ''),
      cgroupVersion: String(info.CgroupVersion ?? '1'),
      runtimes: Object.fromEntries(
        Object.entries(runtimes).map(([name, { runtimeArgs }]) => [name, runtimeArgs ?? []]),
      ),
      defaultRuntime: String(info.DefaultRuntime ?? ''),
      securityOptions: (info.SecurityOptions ?? []) as string[],
      rootDir: String(info.DockerRootDir ?? ''),
    };
  }

  inspectImage(reference: string): Promise<ImageInspection> {
    return engineCall(
      async () => (await this.#calls.getImage(reference).inspect()) as ImageInspection,
    );
  }

  async createContainer(name: string, body: ContainerCreateBody) {
    // dockerode drops the engine's warnings, so the call is made on its transport.
    const answer = await engineCall(
      () =>
        new Promise<{ Id: string; Warnings?: string[] | null }>((resolve, reject) => {
          this.#calls.modem.dial(
            {
              path: '/containers/create?',
              method: 'POST',
              options: { _query: { name }, _body: body },
              statusCodes: { 201: true },
            } as never,
            (error: unknown, result: unknown) =>
              error ? reject(error as Error) : resolve(result as { Id: string }),
          );
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

  async logs(id: string, { follow, since }: LogQuery): Promise<Readable> {
    return engineCall(
      () =>
        new Promise<Readable>((resolve, reject) => {
          this.#streams.modem.dial(
            {
              path: `/containers/${encodeURIComponent(id)}/logs?`,
              method: 'GET',
              isStream: true,
              options: {
                follow: follow ? '1' : '0',
                stdout: '1',
                stderr: '1',
                timestamps: '1',
                ...(since === undefined ? {} : { since }),
              },
              statusCodes: { 200: true },
            } as never,
            (error: unknown, result: unknown) =>
              error ? reject(error as Error) : resolve(result as Readable),
          );
        }),
    );
  }

  wait(id: string): Promise<void> {
    return engineCall(async () => {
      await this.#streams.getContainer(id).wait({ condition: 'not-running' });
    });
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
    const inspected = await engineCall(
      async () =>
        (await this.#calls.getContainer(id).inspect({ size: true } as never)) as unknown as {
          SizeRw?: number;
        },
    );
    return inspected.SizeRw ?? 0;
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
      await this.#calls.createNetwork(body as unknown as Docker.NetworkCreateOptions);
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
