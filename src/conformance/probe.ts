import type { Bench } from './bench/bench.js';
import type { Finding } from './finding.js';

/** The chapters of the suite, in the order in which they are printed. */
export const GROUPS = [
  'privilege',
  'file system',
  'secrets',
  'network',
  'resources',
  'lifecycle',
] as const;

export type Group = (typeof GROUPS)[number];

/**
 * One thing that is tried. `attempt` tries it from inside a real sandbox, tries the same where the
 * control is absent, and judges both; it never answers `pass` without having seen the second succeed.
 * What it throws makes the probe inconclusive, but for `NotApplicable`.
 *
 * Probes run at the same time. Scripts that are asked for before the first `await` share one sandbox.
 */
export interface Probe {
  /** Of the catalogue in docs/conformance.md: `P1`. Never renumbered. */
  readonly id: string;
  readonly title: string;
  readonly group: Group;
  /** It tries to send packets: left out with `--no-network-probes`. */
  readonly network?: boolean;
  attempt(bench: Bench): Promise<Finding>;
}

/** Thrown where a probe finds that it cannot be tried here; the message is the reason. */
export class NotApplicable extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'NotApplicable';
  }
}
