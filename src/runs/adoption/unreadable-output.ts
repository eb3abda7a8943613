import { Injectable, type OnModuleInit } from '@nestjs/common';

import { ReadinessProbes, type Readiness, type ReadinessProbe } from '../../kernel/readiness.js';
import type { RunSession } from '../run-session.js';

/** Adopted runs whose output may not be shown, because what to mask in it cannot be decrypted. */
@Injectable()
export class UnreadableOutput implements OnModuleInit, ReadinessProbe {
  readonly name = 'runs';
  readonly #sessions = new Set<RunSession>();

  constructor(private readonly probes: ReadinessProbes) {}

  onModuleInit(): void {
    this.probes.register(this);
  }

  add(session: RunSession): void {
    this.#sessions.add(session);
  }

  check(): Promise<Readiness> {
    for (const session of this.#sessions) {
      if (session.sandbox === null) this.#sessions.delete(session);
    }
    const count = this.#sessions.size;
    if (count === 0) return Promise.resolve({ status: 'ok' });
    return Promise.resolve({
      status: 'degraded',
      reason:
        `the output of ${count} run(s) waits for the master key that the service had when they ` +
        'began: set MASTER_KEY or MASTER_KEY_FILE and restart, or cancel them',
    });
  }
}
