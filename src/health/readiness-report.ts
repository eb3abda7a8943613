import { Injectable } from '@nestjs/common';

import { Clock } from '../kernel/clock.js';
import { ReadinessProbes, type Readiness, type ReadinessProbe } from '../kernel/readiness.js';
import type { ReadinessCheck, ReadinessReport } from './dto/readiness.dto.js';

const PROBE_TIMEOUT_MS = 2000;
/** The route is not limited, so a flood of calls must not become a flood of probes. */
const CACHE_MS = 500;
const WORST_FIRST = ['failed', 'degraded', 'ok'] as const;

/** Asks all probes at once; calls that come together share one round. */
@Injectable()
export class ReadinessReports {
  #current: { report: Promise<ReadinessReport>; startedAt: number } | null = null;

  constructor(
    private readonly probes: ReadinessProbes,
    private readonly clock: Clock,
  ) {}

  current(): Promise<ReadinessReport> {
    const now = this.clock.monotonicMs();
    if (this.#current === null || now - this.#current.startedAt > CACHE_MS) {
      this.#current = { report: this.#ask(), startedAt: now };
    }
    return this.#current.report;
  }

  async #ask(): Promise<ReadinessReport> {
    const checks = await Promise.all(this.probes.list().map((probe) => answerOf(probe)));
    const status = WORST_FIRST.find((one) => checks.some((check) => check.status === one)) ?? 'ok';
    return { status, checks };
  }
}

async function answerOf(probe: ReadinessProbe): Promise<ReadinessCheck> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<Readiness>((resolve) => {
    const reason = `did not answer within ${PROBE_TIMEOUT_MS / 1000} s`;
    timer = setTimeout(() => resolve({ status: 'degraded', reason }), PROBE_TIMEOUT_MS);
  });
  try {
    return { name: probe.name, ...(await Promise.race([probe.check(), silence])) };
  } catch {
    return { name: probe.name, status: 'degraded', reason: 'could not be checked' };
  } finally {
    clearTimeout(timer);
  }
}
