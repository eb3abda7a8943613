import type { Answer } from '../inside/batch-script.js';
import { NotApplicable } from '../probe.js';
import { Batches } from './batches.js';
import type { Bench } from './bench.js';
import type { ControlEngine } from './control-engine.js';
import type { HeldRun } from './held-run.js';
import { SandboxRuns, type EndedRun, type RunRequest } from './sandbox-runs.js';
import type { ServiceApi } from './service-api.js';
import type { Shape } from './shape.js';
import type { Subject } from './subject.js';

/** How the engine behind the service is reached from here, or why it is not. */
export type EngineAccess = { readonly engine: ControlEngine } | { readonly why: string };

interface Parts {
  readonly subject: Subject;
  readonly api: ServiceApi;
  readonly nonce: string;
  readonly access: EngineAccess;
  readonly signal: AbortSignal;
}

/** The bench of one suite. */
export class SuiteBench implements Bench {
  readonly subject: Subject;
  readonly api: ServiceApi;
  readonly nonce: string;
  readonly #access: EngineAccess;
  readonly #runs: SandboxRuns;
  readonly #inside = new Map<string, Batches>();
  readonly #unlocked: Batches;
  readonly #unlockedNetwork: Batches;
  readonly #once = new Map<string, Promise<unknown>>();
  readonly #secrets: string[] = [];

  constructor({ subject, api, nonce, access, signal }: Parts) {
    this.subject = subject;
    this.api = api;
    this.nonce = nonce;
    this.#access = access;
    this.#runs = new SandboxRuns(api, subject, nonce, signal);
    const { image } = subject.codex.sandbox;
    const unlocked = (gvisor: boolean) =>
      new Batches(async (scripts) =>
        (await this.engine()).unlocked({ image, gvisor }, nonce, scripts),
      );
    this.#unlocked = unlocked(subject.gvisor);
    this.#unlockedNetwork = unlocked(false);
  }

  inside(shape: Shape, script: string): Promise<Answer> {
    const key = JSON.stringify(shape);
    let batches = this.#inside.get(key);
    if (batches === undefined) {
      batches = new Batches((scripts) => this.#runs.batch(shape, scripts));
      this.#inside.set(key, batches);
    }
    return batches.add(script);
  }

  unlocked(script: string): Promise<Answer> {
    return this.#unlocked.add(script);
  }

  unlockedNetwork(script: string): Promise<Answer> {
    return this.#unlockedNetwork.add(script);
  }

  run(request: RunRequest): Promise<EndedRun> {
    return this.#runs.run(request);
  }

  hold(request: RunRequest): Promise<HeldRun> {
    return this.#runs.hold(request);
  }

  once<T>(key: string, make: () => Promise<T>): Promise<T> {
    const made = this.#once.get(key) ?? make();
    this.#once.set(key, made);
    return made as Promise<T>;
  }

  async secret(suffix: string, value: string): Promise<string> {
    const name = `CONFORMANCE_${this.nonce}_${suffix}`;
    this.#secrets.push(name);
    await this.api.request('PUT', `/secrets/${name}`, { body: { value } });
    return name;
  }

  issue(): string {
    return this.#runs.issue();
  }

  removeWorkspace(issue: string): Promise<void> {
    return this.#runs.removeWorkspace(issue);
  }

  engine(): Promise<ControlEngine> {
    return 'engine' in this.#access
      ? Promise.resolve(this.#access.engine)
      : Promise.reject(new NotApplicable(this.#access.why));
  }

  /** Tells what could not be taken back. */
  async takeBack(): Promise<string[]> {
    const left = await this.#runs.takeBack();
    for (const name of this.#secrets) {
      await this.api
        .request('DELETE', `/secrets/${name}`)
        .catch((error: Error & { code?: string }) => {
          if (error.code !== 'secret_not_found') left.push(`the secret ${name} (${error.message})`);
        });
    }
    if ('engine' in this.#access) await this.#access.engine.takeBack();
    return left;
  }
}
