import type { Readiness, ReadinessProbe } from '../kernel/readiness.js';
import type { RuntimeFact } from '../kernel/runtime-facts.js';
import type { Fence } from './fence.js';

/** What `GET /api/v1/runtime` and `GET /readyz` say about the fence. */
export class FenceReport implements RuntimeFact, ReadinessProbe {
  readonly name = 'fence';
  readonly #fence: Fence;

  constructor(fence: Fence) {
    this.#fence = fence;
  }

  describe(): unknown {
    const { standing, reason, remedy, backend } = this.#fence.standing();
    const { open, bridges } = this.#fence.summary();
    return { standing, reason, remedy, backend, open, bridges };
  }

  /** A fence that cannot stand degrades the service: runs without network access still work. */
  check(): Promise<Readiness> {
    const { standing, reason, remedy } = this.#fence.standing();
    return Promise.resolve(
      standing ? { status: 'ok' } : { status: 'degraded', reason: `${reason}: ${remedy}` },
    );
  }
}
