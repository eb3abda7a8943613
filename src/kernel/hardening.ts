export type HardeningStatus = 'pass' | 'warn' | 'fail';

export interface HardeningFinding {
  readonly status: HardeningStatus;
  /** What was found, for an operator. Holds no secret. */
  readonly detail: string;
  /** Shell commands that can be pasted, one a line; `null` where there is nothing to do. */
  readonly remedy: string | null;
  /** `false`: it could not be looked at, and `detail` says why. */
  readonly checked: boolean;
}

/** One line of the checklist. A module registers what it knows about; `hardening` gathers them. */
export interface HardeningCheck {
  /** Stable, kebab-case. */
  readonly id: string;
  readonly title: string;
  /** `active`: starts containers, so its finding is kept for minutes. Else it answers in milliseconds. */
  readonly kind: 'quick' | 'active';
  /** One that throws counts as not checked. */
  check(): Promise<HardeningFinding>;
  /**
   * Puts right what can be put right without weakening anything and without touching what is not
   * ours; answers what it did, one sentence each, and nothing where there was nothing to do.
   */
  repair?(): Promise<readonly string[]>;
}

/** Where modules hand in their checks at start-up, in the order in which they are shown. */
export class HardeningChecks {
  readonly #checks: HardeningCheck[] = [];

  /** @throws Error for an id that is taken. */
  register(check: HardeningCheck): void {
    if (this.#checks.some(({ id }) => id === check.id)) throw new Error(`two checks ${check.id}`);
    this.#checks.push(check);
  }

  list(): readonly HardeningCheck[] {
    return this.#checks;
  }
}

export function passed(detail: string): HardeningFinding {
  return { status: 'pass', detail, remedy: null, checked: true };
}

export function warned(detail: string, remedy: string | null): HardeningFinding {
  return { status: 'warn', detail, remedy, checked: true };
}

export function failed(detail: string, remedy: string | null): HardeningFinding {
  return { status: 'fail', detail, remedy, checked: true };
}

/** What nobody looked at is no pass. */
export function notChecked(why: string, remedy: string | null = null): HardeningFinding {
  return { status: 'warn', detail: `could not be checked: ${why}`, remedy, checked: false };
}
