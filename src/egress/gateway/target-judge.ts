import { judgeTarget, type Target } from './allowlist-match.js';
import type { GatewayOptions } from './gateway-options.js';
import type { GatewaySession } from './gateway-session.js';
import { LiveAddressFilter } from './live-address-filter.js';
import { Refusal } from './refusal.js';
import { blockedRefusal, listRefusal, unresolvedRefusal } from './refusal-text.js';

/** How a target is let through. */
export interface Passage {
  readonly rule: string | null;
  /** Only because nothing is enforced now. */
  readonly observed: boolean;
}

/** Where a tunnel to port 80 goes, whose requests are read one by one. */
export interface FixedTarget {
  readonly target: Target;
  readonly addresses: readonly string[];
}

/** Holds targets and their addresses against the rules as they are when it is asked. */
export class TargetJudge {
  readonly #options: GatewayOptions;
  readonly #filter: LiveAddressFilter;
  readonly #resolveMs: number;

  constructor(options: GatewayOptions, resolveMs: number) {
    this.#options = options;
    this.#filter = new LiveAddressFilter(options);
    this.#resolveMs = resolveMs;
  }

  get enforces(): boolean {
    return this.#options.rules().mode === 'enforce';
  }

  /** Throws `Refusal` where a list does not let the target through, and lists are enforced. */
  pass(target: Target, { requested }: GatewaySession): Passage {
    const { allowlist, mode } = this.#options.rules();
    const { denial, rule } = judgeTarget(target, allowlist, requested);
    if (denial !== null && mode === 'enforce') throw listRefusal(target, denial);
    return { rule, observed: denial !== null };
  }

  /** Throws `Refusal` where one of them is blocked. */
  passAddresses(target: Target, addresses: readonly string[]): void {
    for (const address of addresses) {
      const blocked = this.#filter.blocked(address);
      if (blocked !== null) throw blockedRefusal(target, blocked);
    }
  }

  /** Resolved once, and none of them blocked; throws `Refusal`. */
  async addressesOf(target: Target): Promise<readonly string[]> {
    const { kind, text } = target.host;
    const addresses = kind === 'name' ? await this.#resolve(text) : [text];
    if (addresses.length === 0) throw unresolvedRefusal(target);
    this.passAddresses(target, addresses);
    return addresses;
  }

  /** Whether what was let through would be now. */
  stillPasses(target: Target, addresses: readonly string[], session: GatewaySession): boolean {
    try {
      this.pass(target, session);
      this.passAddresses(target, addresses);
      return true;
    } catch (error) {
      if (error instanceof Refusal) return false;
      throw error;
    }
  }

  async #resolve(name: string): Promise<readonly string[]> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<readonly string[]>((resolve) => {
      timer = setTimeout(() => resolve([]), this.#resolveMs);
    });
    const answer = this.#options.resolver.resolve(name).catch(() => []);
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }
}
