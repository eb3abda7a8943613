import { Injectable, Logger } from '@nestjs/common';

import { LiveSettings } from '../config/live-settings.js';
import { Fence } from '../egress/fence.js';
import type { Grant } from '../egress/fenced-bridge.js';
import { EgressGateway } from '../egress/gateway/egress-gateway.js';
import type { GatewayCredentials } from '../egress/gateway/proxy-environment.js';
import { Resolvers } from '../egress/host-resolvers.js';
import { checkedEgressEntries } from '../config/egress-entry.js';
import { DomainError } from '../kernel/domain-error.js';
import { holdsAllToGateway } from '../sandbox/policy.js';
import { SecretVault } from '../secrets/secret-vault.js';
import { maskedText } from './masking/masked-text.js';
import { MaskPatterns } from './masking/output-masker.js';
import type { BridgeAddress } from './network-place.js';
import { RouteSecrets } from './routes/route-secrets.js';

/** Who asks to be let out, how far his request narrowed that, and to which routes. */
export interface GrantedTurn {
  runId: string;
  turn: number;
  requested: readonly string[] | null;
  /** The credential routes that it may use. */
  routes: readonly string[];
  /** The routes are all that it may use: it has no network access. */
  routesOnly: boolean;
  /** What must stand in no decision, or as it is kept with the run; `sealed: null`: nothing. */
  values: readonly string[] | { readonly sealed: string | null };
}

/** An allowlist came into force after the sandbox was placed on the open network. */
export class NoLongerOpenError extends Error {}

/** How much longer than its turn a grant may live: the kernel's last word if the service dies. */
const GRANT_MARGIN_SECONDS = 60;
const UNKNOWN = '***';

/**
 * Lets the addresses of sandboxes out, each as its network is: straight to the internet, or to the
 * egress gateway and nothing else. Those on the open network are closed as soon as the operator's
 * settings hold everything to the gateway.
 */
@Injectable()
export class NetworkGate {
  readonly #logger = new Logger('Runs');
  readonly #open = new Map<string, BridgeAddress>();

  constructor(
    private readonly fence: Fence,
    private readonly gateway: EgressGateway,
    private readonly resolvers: Resolvers,
    private readonly settings: LiveSettings,
    private readonly routeSecrets: RouteSecrets,
    private readonly vault: SecretVault,
  ) {
    settings.onReplaced(() => this.#closeOpen());
  }

  /**
   * @throws NoLongerOpenError; DomainError `control_unavailable`
   */
  async open(at: BridgeAddress, turn: GrantedTurn, seconds: number): Promise<void> {
    const grant = await this.grantFor(at, seconds);
    if (at.gateway !== null) {
      await this.admit(at, turn);
      return this.fence.grant(grant);
    }
    // From here to the fence's queue nothing waits, so that a change of the settings comes before all
    // of it, or closes the address after it.
    if (this.#isFiltering) throw new NoLongerOpenError('an allowlist is in force now');
    this.#open.set(at.address, at);
    return this.fence.grant(grant);
  }

  /** What opens the address for so long, for a fence that is put up with it. */
  async grantFor(at: BridgeAddress, seconds: number): Promise<Grant> {
    const pair = { address: at.address, mac: at.mac, seconds: seconds + GRANT_MARGIN_SECONDS };
    if (at.gateway !== null) return { kind: 'gateway', ...pair };
    return { kind: 'open', ...pair, resolvers: await this.resolvers.forOpenSandbox() };
  }

  /** The gateway serves the address from now on, for this turn alone. */
  async admit({ address }: BridgeAddress, granted: GrantedTurn): Promise<void> {
    const { runId, turn, requested, routes, routesOnly } = granted;
    const masked = this.#mask(granted);
    const entries = requested === null ? null : checkedEgressEntries(requested);
    await this.routeSecrets.hold(address, routes);
    const session = { runId, turn, address, requested: entries, routes, routesOnly, masked };
    this.gateway.admit(session);
  }

  /** Where what is to be masked cannot be known, nothing is shown. */
  #mask({ runId, turn, values }: GrantedTurn): (text: string) => string {
    const known = 'sealed' in values ? this.#opened(runId, values.sealed) : values;
    if (known === null) return () => UNKNOWN;
    let patterns: MaskPatterns | null = null;
    return (text) => {
      patterns ??= new MaskPatterns([...known, this.credentials(runId, turn).password]);
      return maskedText(patterns, text);
    };
  }

  #opened(runId: string, sealed: string | null): readonly string[] | null {
    if (sealed === null) return [];
    try {
      return this.vault.openForRun(runId, sealed);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      this.#logger.warn(`run ${runId}: its egress decisions hide where to: ${error.message}`);
      return null;
    }
  }

  /** Counts an address among the open ones that is open already. */
  takeOver(at: BridgeAddress): void {
    this.#open.set(at.address, at);
  }

  /** Whether addresses of the open network are to be let out at all. */
  get mayOpen(): boolean {
    return !this.#isFiltering;
  }

  credentials(runId: string, turn: number): GatewayCredentials {
    return this.gateway.credentialsFor(runId, turn);
  }

  /** Closes the address; its connections end. */
  async close(at: BridgeAddress): Promise<void> {
    this.#open.delete(at.address);
    await Promise.all([
      at.gateway === null ? null : this.#dismiss(at.address),
      this.fence.revoke(at.address, at.mac),
    ]);
  }

  async #dismiss(address: string): Promise<void> {
    await this.gateway.dismiss(address);
    this.routeSecrets.release(address);
  }

  get #isFiltering(): boolean {
    return holdsAllToGateway(this.settings.codex.sandbox);
  }

  #closeOpen(): void {
    if (!this.#isFiltering) return;
    for (const { address, mac } of this.#open.values()) {
      this.#logger.warn(`${address} is closed: an allowlist came into force`);
      this.fence.revoke(address, mac).catch((error: unknown) => {
        // The fence's watch ends the run, where it cannot be put right.
        this.#logger.error(`${address} could not be closed`, error);
      });
    }
    this.#open.clear();
  }
}
