import { randomBytes } from 'node:crypto';

import type { SuiteBench } from './bench/suite-bench.js';
import { inconclusive, isBad, notApplicable, type Finding, type Verdict } from './finding.js';
import { NotApplicable, type Group, type Probe } from './probe.js';

export interface ProbeResult extends Finding {
  readonly id: string;
  readonly title: string;
  readonly group: Group;
  readonly durationMs: number;
}

export interface SuiteReport {
  readonly ok: boolean;
  readonly url: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly probes: readonly ProbeResult[];
}

const LEFT_OUT = 'left out, as --no-network-probes asks';

/** A word for marks, issue keys and names that are to be known again. */
export function newNonce(): string {
  return randomBytes(6).toString('hex');
}

/**
 * Tries all probes at once and answers when the last one is judged, in the order of the list. What a
 * probe throws is its own finding; only an interruption ends the suite.
 *
 * @throws the signal’s reason
 */
export async function runSuite(
  probes: readonly Probe[],
  bench: SuiteBench,
  options: { network: boolean; signal: AbortSignal; startedAt: Date },
): Promise<SuiteReport> {
  const began = performance.now();
  const results = await Promise.all(
    probes.map(async (probe): Promise<ProbeResult> => {
      const { id, title, group, network } = probe;
      const start = performance.now();
      const leftOut = network === true && !options.network;
      const finding = leftOut
        ? notApplicable(LEFT_OUT)
        : await probe.attempt(bench).catch(whatFailed);
      return { id, title, group, ...finding, durationMs: Math.round(performance.now() - start) };
    }),
  );
  options.signal.throwIfAborted();
  return {
    ok: !results.some(isBad),
    url: bench.subject.url,
    startedAt: options.startedAt.toISOString(),
    durationMs: Math.round(performance.now() - began),
    counts: counted(results),
    probes: results,
  };
}

function whatFailed(error: unknown): Finding {
  if (error instanceof NotApplicable) return notApplicable(error.message);
  return inconclusive(`could not be tried: ${error instanceof Error ? error.message : 'unknown'}`);
}

function counted(results: readonly ProbeResult[]): Record<Verdict, number> {
  const counts = { pass: 0, warn: 0, fail: 0, inconclusive: 0, not_applicable: 0 };
  for (const { verdict } of results) counts[verdict] += 1;
  return counts;
}
