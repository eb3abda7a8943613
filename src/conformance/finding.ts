/**
 * What became of a probe. `inconclusive`: nothing was found wrong, but nothing was proven either, since
 * the positive control did not show what it must or the probe could not be tried to its end; it counts
 * as a failure. `not_applicable` does not.
 */
export type Verdict = 'pass' | 'warn' | 'fail' | 'inconclusive' | 'not_applicable';

export interface Finding {
  readonly verdict: Verdict;
  /** What was seen, or why it was not tried. */
  readonly detail: string;
  /** What would put it right; null where nothing is to be done, or the detail says it. */
  readonly remedy: string | null;
}

export function passed(detail: string): Finding {
  return { verdict: 'pass', detail, remedy: null };
}

/** What is known to be let through by choice or by the engine’s default: told, and no failure. */
export function warned(detail: string, remedy: string): Finding {
  return { verdict: 'warn', detail, remedy };
}

export function failed(detail: string, remedy: string | null = null): Finding {
  return { verdict: 'fail', detail, remedy };
}

export function inconclusive(detail: string): Finding {
  return { verdict: 'inconclusive', detail, remedy: null };
}

export function notApplicable(reason: string): Finding {
  return { verdict: 'not_applicable', detail: reason, remedy: null };
}

/** Whether the suite may end with 0. */
export function isBad({ verdict }: Finding): boolean {
  return verdict === 'fail' || verdict === 'inconclusive';
}
