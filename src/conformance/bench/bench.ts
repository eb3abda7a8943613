import type { Answer } from '../inside/batch-script.js';
import type { ControlEngine } from './control-engine.js';
import type { HeldRun } from './held-run.js';
import type { ServiceApi } from './service-api.js';
import type { EndedRun, RunRequest } from './sandbox-runs.js';
import type { Shape } from './shape.js';
import type { Subject } from './subject.js';

/** What a probe works with. */
export interface Bench {
  readonly subject: Subject;
  readonly api: ServiceApi;
  /** Unlike in any other suite; a word of letters and digits. */
  readonly nonce: string;

  /** Runs a script for `/bin/sh` in a sandbox of that shape, among others or alone. */
  inside(shape: Shape, script: string): Promise<Answer>;

  /**
   * Runs a script where the controls are absent: a container of the same image and runtime, as root,
   * without network, seccomp filter, read-only or masked paths and limits.
   *
   * @throws NotApplicable where the engine cannot be reached from here
   */
  unlocked(script: string): Promise<Answer>;

  /**
   * The same under the engine’s own runtime, for what is about the network around a sandbox: gVisor’s
   * loopback takes no further addresses.
   *
   * @throws NotApplicable where the engine cannot be reached from here
   */
  unlockedNetwork(script: string): Promise<Answer>;

  /** A run of its own, in a workspace of its own or that of an earlier one (`issue`). */
  run(request: RunRequest): Promise<EndedRun>;

  /** A run that goes on until `end()`, once it has printed a line `up`. */
  hold(request: RunRequest): Promise<HeldRun>;

  /** What several probes look at: made once, by the first who asks. */
  once<T>(key: string, make: () => Promise<T>): Promise<T>;

  /** Stores a secret under a name of the suite’s own, and answers it; it goes with the suite. */
  secret(suffix: string, value: string): Promise<string>;

  /** An issue key that no other probe uses; its workspace goes with the suite. */
  issue(): string;

  /** Waits a few seconds for who else uses it. */
  removeWorkspace(issue: string): Promise<void>;

  /** @throws NotApplicable where the engine cannot be reached from here */
  engine(): Promise<ControlEngine>;
}
