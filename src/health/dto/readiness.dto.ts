/** One part of the service and how it is. */
export class ReadinessCheck {
  /** Which part. */
  name: string;
  status: 'ok' | 'degraded' | 'failed';
  /** What is wrong and what to do; absent when `ok`. */
  reason?: string;
}

/** What `GET /readyz` answers. */
export class ReadinessReport {
  /** The worst of all checks; `degraded` still serves. */
  status: 'ok' | 'degraded' | 'failed';
  checks: ReadinessCheck[];
}

/** What `GET /healthz` answers. */
export class Liveness {
  status: 'ok';
}
