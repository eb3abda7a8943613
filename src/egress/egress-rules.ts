import { checkedEgressEntries } from '../config/egress-entry.js';
import type { SandboxSettings } from '../config/yaml-schema.js';
import { checkedRoute } from './gateway/routes/credential-route.js';
import type { EgressRules } from './gateway/gateway-session.js';

/** What the gateway holds connections to, by the settings as they are when it asks. */
export class LiveEgressRules {
  #of: SandboxSettings | null = null;
  #rules: EgressRules | null = null;

  constructor(private readonly settings: () => SandboxSettings) {}

  /** Each set of settings is read once: a gateway asks for every connection. */
  current(): EgressRules {
    const sandbox = this.settings();
    if (this.#rules !== null && this.#of === sandbox) return this.#rules;
    this.#of = sandbox;
    this.#rules = {
      allowlist: checkedEgressEntries(sandbox.egressAllowlist),
      mode: sandbox.egressMode,
      internalRanges: sandbox.egressInternalRanges,
      routes: sandbox.credentialRoutes.map(checkedRoute),
      limits: sandbox.egressLimits,
    };
    return this.#rules;
  }
}
