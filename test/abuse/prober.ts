import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export interface Probed {
  /** The longest that an answer took. */
  worstMs: number;
  /** The longest that a server took that does nothing else: what the machine itself costs. */
  controlMs: number;
  answers: number;
  failures: string[];
}

/** Watches, from a thread of its own, whether a service answers. */
export class Prober {
  readonly #worker: Worker;

  constructor(url: string) {
    this.#worker = new Worker(new URL('prober.mjs', import.meta.url), { workerData: { url } });
  }

  /** What it has seen since it was asked last. */
  async since(): Promise<Probed> {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A thread has none.
    this.#worker.postMessage('report');
    const [probed] = (await once(this.#worker, 'message')) as [Probed];
    return probed;
  }

  async stop(): Promise<void> {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A thread has none.
    this.#worker.postMessage('stop');
    await this.#worker.terminate();
  }
}
