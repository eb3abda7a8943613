import type { LiveSettings } from '../config/live-settings.js';
import type { RuntimeFact } from '../kernel/runtime-facts.js';
import type { EgressGateway } from './gateway/egress-gateway.js';

/** What `GET /api/v1/runtime` says about outbound connections. */
export class EgressReport implements RuntimeFact {
  readonly name = 'egress';

  constructor(
    private readonly gateway: EgressGateway,
    private readonly settings: LiveSettings,
  ) {}

  describe(): unknown {
    const { egressMode, egressAllowlist } = this.settings.codex.sandbox;
    return {
      mode: egressMode,
      ...(egressMode === 'observe' && {
        warning:
          'OBSERVED, NOT ENFORCED: everything but private and metadata addresses is let through',
      }),
      allowlistEntries: egressAllowlist.length,
      listening: this.gateway.listening.map(({ address, port }) => `${address}:${port}`),
      ...this.gateway.summary(),
    };
  }
}
