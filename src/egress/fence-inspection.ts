import type { HostLink } from './fence-backend.js';
import type { FencedBridge, Grant } from './fenced-bridge.js';
import { parseListing, type TableListing } from './fence-listing.js';
import { elements } from './ruleset.js';

/** What stands, as the backend read it. */
export interface Observation {
  readonly inet: string | null;
  readonly bridge: string | null;
  readonly links: readonly HostLink[];
}

/** What should stand. The structures are those read right after the rules were placed. */
export interface Expectation {
  readonly inet: string;
  readonly bridge: string;
  readonly bridges: readonly FencedBridge[];
  /** Names of those that must be there, whatever else is gone. */
  readonly needed: ReadonlySet<string>;
  /** `seconds` is what is left of each, and may be zero or less for one that has just ended. */
  readonly grants: readonly Grant[];
}

// The kernel's clock and ours are read at different moments.
const TOLERANCE_SECONDS = 2;

/** The first difference, for an operator; `null` when the fence is exactly what it should be. */
export function findFault(expected: Expectation, seen: Observation): string | null {
  const missing = missingBridge(expected, seen.links);
  if (missing) return missing;
  if (seen.inet === null || seen.bridge === null) return 'a table of the fence is gone';
  const inet = parseListing(seen.inet);
  const bridge = parseListing(seen.bridge);
  if (inet.structure !== expected.inet || bridge.structure !== expected.bridge) {
    return 'the rules of the fence were changed';
  }
  return elementFault(expected.grants, { inet, bridge });
}

/**
 * Says which bridge is not there, or is there without the engine's gateway address. A bridge that is
 * not needed may have gone with its network while another is there: its rules stay for the next of
 * its name.
 */
export function missingBridge(
  { bridges, needed }: Pick<Expectation, 'bridges' | 'needed'>,
  links: readonly HostLink[],
): string | null {
  const missing = bridges.filter((one) => !isThere(one, links));
  const noneThere = missing.length === bridges.length;
  const fault = missing.find(
    (one) => noneThere || needed.has(one.bridge) || isElsewhere(one, links),
  );
  return fault
    ? `the bridge ${fault.bridge} of the sandboxes is not in this network namespace`
    : null;
}

const isThere = ({ bridge, gateway }: FencedBridge, links: readonly HostLink[]) =>
  links.some(({ name, addresses }) => name === bridge && addresses.includes(gateway));

/** Has it another address now, or another interface its address? */
const isElsewhere = ({ bridge, gateway }: FencedBridge, links: readonly HostLink[]) =>
  links.some(({ name, addresses }) => name === bridge || addresses.includes(gateway));

/** The interfaces that are ports of our bridges. */
export function portsOf(bridges: readonly FencedBridge[], links: readonly HostLink[]): string[] {
  return links
    .filter(({ master }) => bridges.some(({ bridge }) => bridge === master))
    .map(({ name }) => name)
    .sort();
}

function elementFault(
  grants: readonly Grant[],
  tables: Record<'inet' | 'bridge', TableListing>,
): string | null {
  const left = secondsLeft(grants);
  for (const { name, expires } of standingElements(tables)) {
    const seconds = left.get(name);
    if (seconds === undefined) return 'an address is open that has no grant';
    if (expires === null || expires > seconds + TOLERANCE_SECONDS) {
      return 'an address is open for longer than its grant';
    }
    left.delete(name);
  }
  const lost = [...left.values()].some((seconds) => seconds > TOLERANCE_SECONDS);
  return lost ? 'a grant was taken out of the fence' : null;
}

function secondsLeft(grants: readonly Grant[]): Map<string, number> {
  return new Map(
    grants.flatMap((grant) =>
      elements(grant).map(({ family, set, key }) => [`${family} ${set} ${key}`, grant.seconds]),
    ),
  );
}

function standingElements(
  tables: Record<'inet' | 'bridge', TableListing>,
): { name: string; expires: number | null }[] {
  return (['inet', 'bridge'] as const).flatMap((family) =>
    [...tables[family].sets]
      .filter(([set]) => set !== 'ports')
      .flatMap(([set, keys]) =>
        [...keys].map(([key, expires]) => ({ name: `${family} ${set} ${key}`, expires })),
      ),
  );
}
