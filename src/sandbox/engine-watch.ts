import { Injectable, type OnModuleInit } from '@nestjs/common';

import { Clock } from '../kernel/clock.js';
import { type Readiness, type ReadinessProbe, ReadinessProbes } from '../kernel/readiness.js';
import { RuntimeFacts } from '../kernel/runtime-facts.js';
import { ContainerEngine, type EngineInfo } from './container-engine.js';

/** What the engine says of itself changes with its restart; this old, it is asked again. */
const INFO_LIFETIME_MS = 10_000;
const PROBE_LIMIT_MS = 1_500;

/** What the engine is and whether it answers; keeps its word for ten seconds off the hot path. */
@Injectable()
export class EngineWatch implements OnModuleInit, ReadinessProbe {
  readonly name = 'engine';
  #known: { info: EngineInfo; at: number } | null = null;
  #asking: Promise<EngineInfo> | null = null;

  constructor(
    private readonly engine: ContainerEngine,
    private readonly clock: Clock,
    private readonly probes: ReadinessProbes,
    private readonly facts: RuntimeFacts,
  ) {}

  onModuleInit(): void {
    this.probes.register(this);
    this.facts.register({ name: 'engine', describe: () => this.#describe() });
    void this.ask().catch(() => undefined);
  }

  /** At most ten seconds old. Throws `engine_unavailable`. */
  async info(): Promise<EngineInfo> {
    const known = this.#known;
    if (known && this.clock.monotonicMs() - known.at < INFO_LIFETIME_MS) return known.info;
    return this.ask();
  }

  /** Asks the engine now; callers at the same time share the answer. */
  ask(): Promise<EngineInfo> {
    this.#asking ??= this.engine
      .info()
      .then((info) => {
        this.#known = { info, at: this.clock.monotonicMs() };
        return info;
      })
      .catch((error: unknown) => {
        this.#known = null;
        throw error;
      })
      .finally(() => (this.#asking = null));
    return this.#asking;
  }

  /** Forgets what is known, after the engine failed a call. */
  forget(): void {
    this.#known = null;
  }

  async check(): Promise<Readiness> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('late')), PROBE_LIMIT_MS);
    });
    try {
      await Promise.race([this.ask(), late]);
      return { status: 'ok' };
    } catch {
      return {
        status: 'degraded',
        reason: 'the container engine does not answer; runs wait until it does (DOCKER_HOST)',
      };
    } finally {
      clearTimeout(timer);
    }
  }

  #describe(): unknown {
    const info = this.#known?.info;
    if (!info) return { available: false };
    return {
      available: true,
      version: info.version,
      cgroupVersion: info.cgroupVersion,
      runtimes: Object.keys(info.runtimes).sort(),
      defaultRuntime: info.defaultRuntime,
    };
  }
}
