import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import { sweepEngine } from './engine.js';
import { callApi, openApi, type ApiAnswer, type ApiRequest } from './http.js';
import { freePort, makeServiceHome, removeServiceHome, type ServiceHome } from './service-home.js';
import { ServiceProcess, type ServiceExit } from './service-process.js';

export interface ServiceOptions {
  /** Over the defaults; `undefined` takes a default away (`{ MASTER_KEY: undefined }`). */
  env?: Record<string, string | undefined>;
  /**
   * `risoluto.yaml` as text or as an object. A network name of the service's own is added where it
   * names none, so that services that run at the same time do not share one.
   */
  yaml?: string | object;
  /** A command that becomes the service, such as one that takes a privilege away. */
  wrapper?: readonly string[];
  /** One that the test keeps: it outlives `stop()`. Default: a new one, removed by `stop()`. */
  dataDir?: string;
}

/** Starts the built service on a free loopback port in this network namespace; ready when it answers. */
export async function startService(options: ServiceOptions = {}): Promise<RunningService> {
  const service = await RunningService.prepare(options);
  try {
    await service.start();
  } catch (error) {
    await service.stop('SIGKILL');
    throw error;
  }
  return service;
}

/** For a service that must refuse to start: its exit and its log, once it has ended (at most 40 s). */
export async function startRefused(
  options: ServiceOptions,
): Promise<{ code: number | null; logs: string }> {
  const service = await RunningService.prepare(options);
  try {
    const { code } = await service.launch().ended(40_000);
    return { code, logs: service.logs() };
  } finally {
    await service.stop('SIGKILL');
  }
}

export class RunningService {
  private process: ServiceProcess | null = null;
  private earlierLogs = '';

  private constructor(
    readonly home: ServiceHome,
    readonly url: string,
    readonly env: Record<string, string>,
    private readonly wrapper: readonly string[],
  ) {}

  static async prepare(options: ServiceOptions): Promise<RunningService> {
    const home = await makeServiceHome(options.yaml ?? '', options.dataDir);
    const port = options.env?.RISOLUTO_PORT ?? String(await freePort());
    const env = serviceEnvironment(home, port, options.env ?? {});
    return new RunningService(home, `http://127.0.0.1:${port}`, env, options.wrapper ?? []);
  }

  get dataDir(): string {
    return this.home.dataDir;
  }

  get workspacesDir(): string {
    return this.home.workspacesDir;
  }

  get network(): string {
    return this.home.network;
  }

  get pid(): number {
    return this.process?.pid ?? 0;
  }

  /** What all its lives have written, oldest first. */
  logs(): string {
    return this.earlierLogs + (this.process?.logs ?? '');
  }

  api(method: string, path: string, request?: ApiRequest): Promise<ApiAnswer> {
    return callApi(this.url, method, path, request);
  }

  /** Answers with the headers; the caller reads or destroys the body. */
  stream(path: string, request?: ApiRequest): Promise<IncomingMessage> {
    return openApi(this.url, 'GET', path, request);
  }

  launch(): ServiceProcess {
    this.earlierLogs = this.logs();
    return (this.process = new ServiceProcess(this.env, this.wrapper));
  }

  async start(): Promise<void> {
    await this.launch().healthy(this.url);
  }

  /** Ends the process and keeps everything else: `start()` or `restart()` goes on from there. */
  async terminate(signal: NodeJS.Signals = 'SIGTERM'): Promise<ServiceExit> {
    return (await this.process?.end(signal)) ?? { code: null, signal: null, forced: false };
  }

  /** As a power cut for the process alone: nothing of it is cleaned. */
  kill9(): Promise<ServiceExit> {
    return this.terminate('SIGKILL');
  }

  /** Same data directory, port, configuration and environment. */
  async restart(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.terminate(signal);
    await this.start();
  }

  /** The end: process, containers, network and directories are gone after it. Harmless when repeated. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<ServiceExit> {
    const exit = await this.terminate(signal);
    await sweepEngine(this.home);
    await removeServiceHome(this.home);
    return exit;
  }
}

function serviceEnvironment(
  home: ServiceHome,
  port: string,
  over: Record<string, string | undefined>,
): Record<string, string> {
  const merged: Record<string, string | undefined> = {
    PATH: process.env.PATH,
    HOME: home.root,
    DOCKER_HOST: process.env.DOCKER_HOST,
    DATA_DIR: home.dataDir,
    RISOLUTO_WORKSPACES_DIR: home.workspacesDir,
    RISOLUTO_CONFIG: home.configFile,
    RISOLUTO_PORT: port,
    RISOLUTO_LOG_LEVEL: 'debug',
    MASTER_KEY: randomBytes(32).toString('base64'),
    ...over,
  };
  return Object.fromEntries(
    Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
