import { notApplicable } from './finding.js';
import type { Group, Probe } from './probe.js';

/** A probe of the catalogue that is not for an operator’s host, so that the table hides none. */
export function elsewhere(
  spec: { id: string; title: string; group: Group },
  reason: string,
): Probe {
  return { ...spec, attempt: () => Promise.resolve(notApplicable(reason)) };
}
