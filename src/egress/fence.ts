import { Logger } from '@nestjs/common';

import { ConnectionMemory } from './connection-memory.js';
import { chooseBackend } from './fence-choice.js';
import {
  NOT_PLACED,
  type BridgeToFence,
  type FenceBreak,
  type FenceOptions,
  type FenceStanding,
} from './fence-contract.js';
import { FenceDoubt, NOT_SEEN } from './fence-doubt.js';
import { fenceUnavailable, type FenceFault } from './fence-error.js';
import {
  isGrantable,
  leastGrant,
  validateBridge,
  validateGrant,
  type FencedBridge,
  type Grant,
  type ValidBridge,
} from './fenced-bridge.js';
import { FencedBridges } from './fenced-bridges.js';
import { GrantBook } from './grant-book.js';
import { PlacedFence } from './placed-fence.js';
import { removeScript } from './ruleset.js';
import { SerialQueue } from './serial-queue.js';
import { FenceWatch } from './fence-watch.js';

/**
 * The firewall around our bridges. An address behind it is closed unless it holds a grant. Every
 * method that cannot do its part throws `control_unavailable` with the field `fence`; none leaves an
 * address open that was to be closed without throwing. Calls are carried out one after another.
 */
export class Fence {
  readonly #options: FenceOptions;
  readonly #queue = new SerialQueue();
  readonly #bridges: FencedBridges;
  readonly #grants: GrantBook;
  readonly #listeners = new Set<(broken: FenceBreak) => void>();
  readonly #watch: FenceWatch;
  readonly #memory = new ConnectionMemory();
  readonly #logger = new Logger('Fence');
  readonly #doubt: FenceDoubt;
  #placed: PlacedFence | null = null;
  #fault: FenceFault | null = NOT_PLACED;
  /** What the fault was made of. */
  #cause: unknown;

  constructor(options: FenceOptions) {
    this.#options = options;
    this.#bridges = new FencedBridges(options.deniedPeers);
    this.#grants = new GrantBook(options.clock);
    this.#doubt = new FenceDoubt(options.clock);
    this.#watch = new FenceWatch(() => this.check(), options.watchIntervalMs ?? 2000);
  }

  /** As `ensureAll`, of one bridge. */
  ensure(bridge: FencedBridge, kept: readonly Grant[] = []): Promise<void> {
    return this.ensureAll([{ bridge, kept }]);
  }

  /**
   * Fences bridges, beside those that are fenced. The first call of a process replaces all that an
   * earlier one left, so name every bridge that sandboxes are on: every address is closed and no
   * connection is remembered, but for the grants that are kept: those hold on, and so do their
   * connections. A bridge that has changed is fenced anew, and grants that it no longer gives end.
   * A later call for the same bridges is `check`, and throws when one of them is not there.
   */
  ensureAll(wanted: readonly BridgeToFence[]): Promise<void> {
    return this.#queue.run(async () => {
      const bridges = wanted.map(({ bridge }) => validateBridge(bridge));
      const fresh = this.#placed ? bridges.filter((one) => !this.#bridges.has(one)) : bridges;
      if (fresh.length === 0) return this.#verify(bridges);
      const kept = wanted.flatMap((one) => one.kept.map((grant) => validateGrant(grant, bridges)));
      for (const bridge of fresh) this.#bridges.set(bridge);
      this.#endMisplaced();
      for (const grant of kept) {
        this.#grants.add(grant);
        this.#memory.opened(grant.address);
      }
      this.#updateWatch();
      await this.#place(bridges);
      for (const bridge of fresh) await this.#forgetUngranted(bridge);
      const all = fresh.length === this.#bridges.size;
      if (all && this.#grants.size === 0) this.#memory.allForgotten();
    });
  }

  /** From memory; the reason and the remedy are for an operator. */
  standing(): FenceStanding {
    if (this.#fault) {
      return { standing: false, reason: this.#fault.reason, remedy: this.#fault.remedy };
    }
    return this.#placed
      ? { standing: true, backend: this.#placed.backendName }
      : { standing: true };
  }

  /** Compares what stands with what should and repairs it, grants included; throws when it cannot. */
  check(): Promise<void> {
    return this.#queue.run(() => this.#verify());
  }

  /** What is wrong with the fence as it stands, without mending it; `null`: nothing. */
  inspect(): Promise<string | null> {
    return this.#queue.run(
      async () => this.#fault?.reason ?? this.#look().catch(() => NOT_SEEN.reason),
    );
  }

  /**
   * Lets a pair of address and MAC do what the grant says; an earlier grant of the address ends.
   *
   * @throws TypeError for a grant that the address's bridge does not give: an open one on a filtered
   *   bridge, a gateway one on any other.
   */
  grant(grant: Grant): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#fault) throw fenceUnavailable(this.#fault, this.#cause);
      const valid = validateGrant(grant, this.#bridges.all());
      const earlier = this.#grants.get(valid.address);
      if (earlier && earlier.mac !== valid.mac) await this.#close(earlier);
      await this.#guarded('grant an address', async (placed) => {
        if (!this.#memory.isClean(valid.address)) await placed.forget(valid.address);
        this.#memory.opened(valid.address);
        await placed.grant(valid);
      });
      this.#grants.add(valid);
      this.#updateWatch();
    });
  }

  /**
   * Closes an address and cuts its connections, those that the kernel remembers too. The address may
   * be given to another sandbox only after this has resolved. Closing a closed address is fine.
   */
  revoke(address: string, mac: string): Promise<void> {
    return this.#queue.run(async () => {
      const held = this.#grants.get(address);
      const isTheirs = held?.mac === mac.toLowerCase();
      if (held && !isTheirs) await this.#close(held);
      if (!this.#placed && !held) return;
      await this.#close(isTheirs ? held : leastGrant({ address, mac }, this.#bridges.all()));
      this.#updateWatch();
    });
  }

  /** The fence is looked at every two seconds until the returned function is called. */
  watch(onBroken: (broken: FenceBreak) => void): () => void {
    const listener = (broken: FenceBreak) => onBroken(broken);
    this.#listeners.add(listener);
    this.#updateWatch();
    return () => {
      this.#listeners.delete(listener);
      this.#updateWatch();
    };
  }

  /** How many addresses hold a grant of each kind, and the bridges behind the fence. */
  summary(): { open: number; gateway: number; bridges: string[] } {
    const grants = this.#grants.live();
    const open = grants.filter(({ kind }) => kind === 'open').length;
    const bridges = this.#bridges.all().map(({ bridge }) => bridge);
    return { open, gateway: grants.length - open, bridges };
  }

  /** Takes the fence away, when the instance and its networks are removed for good. */
  removeAll(): Promise<void> {
    return this.#queue.run(async () => {
      this.#watch.want(false);
      await this.#guarded('remove the tables', (placed) =>
        placed.apply(removeScript(this.#options.table)),
      );
      this.#bridges.clear();
      this.#grants.clear();
      await this.#placed?.close();
      this.#placed = null;
      this.#fault = NOT_PLACED;
    });
  }

  /** Stops watching and lets go of a helper; the tables stay, so that nothing opens by a restart. */
  async shutdown(): Promise<void> {
    this.#listeners.clear();
    this.#watch.want(false);
    await this.#queue.run(async () => this.#placed?.close());
  }

  async #verify(wanted: readonly ValidBridge[] = []): Promise<void> {
    if (this.#bridges.size === 0) throw fenceUnavailable(NOT_PLACED);
    const found = this.#fault?.reason ?? (await this.#look(wanted));
    if (found === null) return this.#doubt.over();
    this.#memory.allSuspect();
    try {
      await this.#place(wanted);
    } catch (error) {
      if (!this.#doubt.allows(error)) {
        this.#report({ ...(this.#fault ?? NOT_PLACED), repaired: false });
      }
      throw error;
    }
    this.#doubt.over();
    this.#report({ reason: found, remedy: 'it was placed again', repaired: true });
  }

  /**
   * What is wrong with the fence as it stands. A look that fails counts as a fault, unless the machine
   * kept us from it, which is thrown.
   */
  async #look(wanted: readonly ValidBridge[] = []): Promise<string | null> {
    try {
      if (!this.#placed) return NOT_PLACED.reason;
      return await this.#placed.fault(this.#grants.live(), this.#needed(wanted));
    } catch (error) {
      this.#logger.warn(`cannot read the rules: ${String(error)}`);
      if (this.#doubt.allows(error)) throw fenceUnavailable(NOT_SEEN, error);
      return 'the rules cannot be read';
    }
  }

  async #place(wanted: readonly ValidBridge[] = []): Promise<void> {
    const { table, backends } = this.#options;
    const bridges = this.#bridges.all();
    const choice = await chooseBackend(backends, { bridges, needed: this.#needed(wanted) });
    if ('fault' in choice) {
      this.#fault = choice.fault;
      this.#cause = choice.cause;
      throw fenceUnavailable(choice.fault, choice.cause);
    }
    try {
      this.#placed = await PlacedFence.place(choice.backend, {
        table,
        bridges,
        grants: this.#grants.live(),
      });
      this.#fault = null;
    } catch (cause) {
      throw this.#failed('place the rules', cause);
    }
  }

  /** The bridges that are asked for, and those of every grant. */
  #needed(wanted: readonly ValidBridge[]): ReadonlySet<string> {
    const granted = this.#grants.live().map(({ address }) => address);
    const used = this.#bridges
      .all()
      .filter((bridge) => this.#bridges.addressesOn(bridge, granted).size > 0);
    return new Set([...wanted, ...used].map(({ bridge }) => bridge));
  }

  /** Forgets those whose bridge has become another, or another kind; placing closes them. */
  #endMisplaced(): void {
    for (const grant of this.#grants.live()) {
      if (!isGrantable(grant, this.#bridges.all())) this.#grants.remove(grant.address);
    }
  }

  async #forgetUngranted(bridge: ValidBridge): Promise<void> {
    const granted = this.#grants.live().map(({ address }) => address);
    const kept = this.#bridges.addressesOn(bridge, granted);
    await this.#guarded('forget connections', (placed) =>
      kept.size > 0 ? placed.forgetBut(bridge.subnet, kept) : placed.forget(bridge.subnet),
    );
  }

  async #close(grant: Grant): Promise<void> {
    this.#grants.remove(grant.address);
    try {
      await this.#placed?.revoke(grant);
    } catch (error) {
      this.#logger.warn(`closing ${grant.address} by a new fence: ${String(error)}`);
      await this.#place();
    }
    await this.#guarded('forget connections', (placed) => placed.forget(grant.address));
    this.#memory.forgotten(grant.address);
  }

  async #guarded(what: string, work: (placed: PlacedFence) => Promise<void>): Promise<void> {
    if (!this.#placed) return;
    try {
      await work(this.#placed);
    } catch (cause) {
      throw this.#failed(what, cause);
    }
  }

  /** After a failure what stands is unknown, so that the next check places all of it again. */
  #failed(what: string, cause: unknown): Error {
    this.#fault = {
      reason: `the kernel or its tools refused to ${what}`,
      remedy: 'see the service log for the message of nft or conntrack',
    };
    this.#cause = cause;
    this.#memory.allSuspect();
    this.#logger.error(`cannot ${what}: ${String(cause)}`);
    return fenceUnavailable(this.#fault, cause);
  }

  #report(broken: FenceBreak): void {
    this.#logger.error(`the fence was broken: ${broken.reason} (${broken.remedy})`);
    for (const listener of this.#listeners) listener(broken);
  }

  #updateWatch(): void {
    this.#watch.want(this.#listeners.size > 0 || this.#grants.size > 0);
  }
}
