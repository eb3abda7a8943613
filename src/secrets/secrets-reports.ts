import { Inject, Injectable, Optional } from '@nestjs/common';

import { ReadinessProbes, type Readiness } from '../kernel/readiness.js';
import { RuntimeFacts } from '../kernel/runtime-facts.js';
import { Metrics } from '../metrics/metrics.js';
import { KeyUse } from './key-use.js';
import { Keyring } from './keyring.js';
import { SecretStore } from './secret-store.js';

/** Who is told how the secrets stand: readiness, the runtime's facts, the metrics. */
@Injectable()
export class SecretsReports {
  constructor(
    private readonly keyring: Keyring,
    private readonly store: SecretStore,
    private readonly use: KeyUse,
    private readonly probes: ReadinessProbes,
    private readonly facts: RuntimeFacts,
    // A command without the service has none.
    @Optional() @Inject(Metrics) private readonly metrics: Metrics | null,
  ) {}

  register(): void {
    const { keyring, store, use } = this;
    this.probes.register({ name: 'secrets', check: () => this.#readiness() });
    this.facts.register({
      name: 'secrets',
      describe: () => ({
        store: store.kind,
        locked: keyring.locked,
        keyRotationPending: keyring.rotationPending,
      }),
    });
    if (this.metrics) this.metrics.countEncryptions = () => use.count;
  }

  async #readiness(): Promise<Readiness> {
    await this.store.recover();
    const { trouble } = this.store;
    if (trouble !== null) return { status: 'degraded', reason: trouble };
    if (!this.keyring.locked) return { status: 'ok' };
    return {
      status: 'degraded',
      reason: 'secrets are locked: set MASTER_KEY or MASTER_KEY_FILE and restart',
    };
  }
}
