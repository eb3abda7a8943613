import type { FenceBackend } from './fence-backend.js';
import type { FencedBridge, Grant } from './fenced-bridge.js';
import { findFault, portsOf } from './fence-inspection.js';
import { parseListing } from './fence-listing.js';
import type { BridgeMatch, FencePlan } from './fence-plan.js';
import { grantScript, placeScript, portsScript, revokeScript } from './ruleset.js';

export interface Placement {
  readonly table: string;
  readonly bridges: readonly FencedBridge[];
  readonly grants: readonly Grant[];
}

/** Rules that were placed, and what the kernel showed of them right after. */
export class PlacedFence {
  readonly #backend: FenceBackend;
  readonly #plan: FencePlan;
  readonly #structures: { inet: string; bridge: string };

  private constructor(
    backend: FenceBackend,
    plan: FencePlan,
    structures: { inet: string; bridge: string },
  ) {
    this.#backend = backend;
    this.#plan = plan;
    this.#structures = structures;
  }

  /** Throws `FenceCommandError`; what stood before then still stands. */
  static async place(backend: FenceBackend, placement: Placement): Promise<PlacedFence> {
    const match = await supportedMatch(backend, placement);
    const ports = match === 'port-list' ? portsOf(placement.bridges, await backend.links()) : [];
    const plan: FencePlan = { ...placement, match, ports };
    await backend.apply(placeScript(plan));
    const [inet, bridge] = await Promise.all([
      backend.list('inet', plan.table),
      backend.list('bridge', plan.table),
    ]);
    if (inet === null || bridge === null) throw new Error('the tables vanished while placed');
    const structures = {
      inet: parseListing(inet).structure,
      bridge: parseListing(bridge).structure,
    };
    return new PlacedFence(backend, plan, structures);
  }

  get backendName(): string {
    return this.#backend.name;
  }

  /** `null` when all is as it was placed, with exactly `grants` given. */
  async fault(grants: readonly Grant[], needed: ReadonlySet<string>): Promise<string | null> {
    const { table, bridges, match } = this.#plan;
    const [inet, bridge, links] = await Promise.all([
      this.#backend.list('inet', table),
      this.#backend.list('bridge', table),
      this.#backend.links(),
    ]);
    const expected = { ...this.#structures, bridges, needed, grants };
    const fault = findFault(expected, { inet, bridge, links });
    if (fault === null && match === 'port-list') {
      await this.#listPorts(portsOf(bridges, links), bridge ?? '');
    }
    return fault;
  }

  grant(grant: Grant): Promise<void> {
    return this.#backend.apply(grantScript(this.#plan.table, grant));
  }

  revoke(grant: Grant): Promise<void> {
    return this.#backend.apply(revokeScript(this.#plan.table, grant));
  }

  /** An address or a CIDR range. */
  forget(range: string): Promise<void> {
    return this.#backend.forgetConnections(range);
  }

  forgetBut(range: string, kept: ReadonlySet<string>): Promise<void> {
    return this.#backend.forgetConnectionsBut(range, kept);
  }

  apply(script: string): Promise<void> {
    return this.#backend.apply(script);
  }

  close(): Promise<void> {
    return this.#backend.close();
  }

  async #listPorts(ports: readonly string[], listing: string): Promise<void> {
    const listed = [...(parseListing(listing).sets.get('ports')?.keys() ?? [])].sort();
    if (listed.join() === ports.join()) return;
    await this.#backend.apply(portsScript(this.#plan.table, ports));
  }
}

async function supportedMatch(backend: FenceBackend, placement: Placement): Promise<BridgeMatch> {
  const plan: FencePlan = { ...placement, match: 'bridge-name', ports: [] };
  return (await backend.accepts(placeScript(plan))) ? 'bridge-name' : 'port-list';
}
