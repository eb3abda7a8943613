import { randomBytes } from 'node:crypto';

import type { ContainerCreateBody, ContainerInspection } from '../../sandbox/container-engine.js';
import { RUN_LABEL } from '../../sandbox/container-spec.js';
import { EngineRefusal } from '../../sandbox/engine-refusal.js';
import type { DockerEngine } from '../../sandbox/docker/docker-engine.js';
import { LogDemultiplexer } from '../../sandbox/log-frames.js';
import { batchCommand, readBatch, type Answer } from '../inside/batch-script.js';
import { unlockedBody } from './unlocked-body.js';

type LogConfig = ContainerInspection['HostConfig']['LogConfig'];

const LIMIT_MS = 120_000;
const MOST_OUTPUT_BYTES = 16 * 1024 * 1024;

/** The engine behind the service, for what no client can see and for containers without controls. */
export class ControlEngine {
  readonly #made = new Set<string>();

  constructor(
    private readonly engine: DockerEngine,
    private readonly signal: AbortSignal,
  ) {}

  /** Whether the host confines containers with AppArmor. */
  async hasAppArmor(): Promise<boolean> {
    const { securityOptions } = await this.engine.info();
    return securityOptions.some((option) => option.includes('apparmor'));
  }

  async imageId(reference: string): Promise<string> {
    return (await this.engine.inspectImage(reference)).Id;
  }

  /** The containers of a run, whatever their state. */
  async containersOf(runId: string): Promise<ContainerInspection[]> {
    const found = await this.engine.listContainers({ label: [`${RUN_LABEL}=${runId}`] });
    return Promise.all(found.map(({ Id }) => this.engine.inspectContainer(Id)));
  }

  /** Runs scripts one after the other in one container without the controls. */
  unlocked(
    subject: { image: string; gvisor: boolean },
    mark: string,
    scripts: ReadonlyMap<string, string>,
  ): Promise<Map<string, Answer>> {
    return this.#unlocked(subject, mark, scripts).catch(inItsWords);
  }

  async #unlocked(
    subject: { image: string; gvisor: boolean },
    mark: string,
    scripts: ReadonlyMap<string, string>,
  ): Promise<Map<string, Answer>> {
    const command = batchCommand(mark, scripts);
    const id = await this.#create(unlockedBody({ ...subject, command }));
    try {
      await this.engine.startContainer(id);
      const last = [...scripts.keys()].at(-1) ?? '';
      const text = await this.#output(id, new RegExp(`\n${mark} end ${last} \\d+\n`));
      return readBatch(mark, scripts.keys(), text);
    } finally {
      await this.#remove(id);
    }
  }

  /** What the engine makes of a container that names no bound for its log; it is never started. */
  async unboundedLog(image: string): Promise<LogConfig> {
    const body = unlockedBody({ image, gvisor: false, command: [] });
    const id = await this.#create({
      ...body,
      HostConfig: { ...body.HostConfig, LogConfig: { Type: 'json-file', Config: {} } },
    });
    try {
      return (await this.engine.inspectContainer(id)).HostConfig.LogConfig;
    } finally {
      await this.#remove(id);
    }
  }

  async takeBack(): Promise<void> {
    await Promise.all([...this.#made].map((id) => this.engine.removeContainer(id)));
  }

  async #remove(id: string): Promise<void> {
    await this.engine.removeContainer(id);
    this.#made.delete(id);
  }

  async #create(body: ContainerCreateBody): Promise<string> {
    this.signal.throwIfAborted();
    const name = `risoluto-conformance-${randomBytes(6).toString('hex')}`;
    const { id } = await this.engine.createContainer(name, body);
    this.#made.add(id);
    return id;
  }

  /** What it printed, until that is there, the container ends or the time is over. */
  async #output(id: string, last: RegExp): Promise<string> {
    const log = await this.engine.logs(id, { follow: true });
    const late = setTimeout(() => log.destroy(), LIMIT_MS);
    const stop = () => log.destroy();
    this.signal.addEventListener('abort', stop);
    const demultiplexer = new LogDemultiplexer();
    let text = '';
    try {
      for await (const chunk of log) {
        for (const { bytes } of demultiplexer.push(chunk as Buffer)) text += bytes.toString('utf8');
        if (last.test(text) || text.length > MOST_OUTPUT_BYTES) break;
      }
    } catch (error) {
      if (!log.destroyed) throw error;
    } finally {
      clearTimeout(late);
      this.signal.removeEventListener('abort', stop);
      log.destroy();
    }
    return text;
  }
}

/** Whoever may use the engine’s socket may read what it says. */
function inItsWords(error: unknown): never {
  if (!(error instanceof EngineRefusal)) throw error;
  throw new Error(`the engine made no container without controls: ${error.engineMessage}`, {
    cause: error,
  });
}
