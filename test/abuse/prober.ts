import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export interface Probed {
  /** The longest that an answer took. */
  worstMs: number;
  /** The same without the time in which other programs had the processors. */
  ownMs: number;
  answers: number;
  failures: string[];
}

/** What a service may take for `/healthz`, whatever others do to it. */
const SOON_MS = 1000;

/** Watches, from a thread of its own, whether a service answers. */
export class Prober {
  readonly #worker: Worker;

  constructor({ url, pid }: { url: string; pid: number }) {
    const prober = new URL('prober.mjs', import.meta.url);
    this.#worker = new Worker(prober, { workerData: { url, pid } });
  }

  /** What it has seen since it was asked last. */
  async since(): Promise<Probed> {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A thread has none.
    this.#worker.postMessage('report');
    const [probed] = (await once(this.#worker, 'message')) as [Probed];
    return probed;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Since it was asked last, the service has answered each time, and soon. */
export async function expectHealthy(prober: Prober, what: string): Promise<void> {
  const { worstMs, ownMs, answers, failures } = await prober.since();
  console.log(`${what}: /healthz ${answers} times, at worst ${worstMs} ms, ${ownMs} its own`);
  if (failures.length > 0) throw new Error(`${what}: /healthz failed: ${failures.join(', ')}`);
  if (ownMs >= SOON_MS) throw new Error(`${what}: /healthz took ${ownMs} ms of its own`);
}
