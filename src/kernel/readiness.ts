export interface Readiness {
  /** `failed` means that the service must get no traffic; `degraded` that a part of it does not work. */
  status: 'ok' | 'degraded' | 'failed';
  /** What is wrong and what to do, for an operator; absent when `ok`. Holds no secret. */
  reason?: string;
}

/** What a module tells `GET /readyz` about itself. */
export interface ReadinessProbe {
  readonly name: string;
  /** Answers within two seconds and does not throw. */
  check(): Promise<Readiness>;
}

/** Where modules hand in their probes at start-up; `health` reads them. */
export class ReadinessProbes {
  readonly #probes: ReadinessProbe[] = [];

  register(probe: ReadinessProbe): void {
    this.#probes.push(probe);
  }

  list(): readonly ReadinessProbe[] {
    return this.#probes;
  }
}
