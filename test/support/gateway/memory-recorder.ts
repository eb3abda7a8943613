import {
  DecisionRecorder,
  type Decision,
  type OpenDecision,
} from '../../../src/egress/decisions/decision.js';

type End = Parameters<OpenDecision['close']>[0];

export interface Allowed {
  readonly decision: Decision;
  end: End | null;
}

/** Keeps what it is handed; strict about what is handed twice. */
export class MemoryRecorder extends DecisionRecorder {
  readonly denials: Decision[] = [];
  readonly allowances: Allowed[] = [];
  readonly settledRuns: string[] = [];
  /** Awaited before a denial is durable. */
  durable: Promise<void> = Promise.resolve();

  async denied(decision: Decision): Promise<void> {
    this.denials.push(decision);
    await this.durable;
  }

  allowed(decision: Decision): OpenDecision {
    const allowed: Allowed = { decision, end: null };
    this.allowances.push(allowed);
    return {
      close: (end) => {
        if (allowed.end !== null) throw new Error('closed twice');
        allowed.end = end;
      },
    };
  }

  settled(runId: string): Promise<void> {
    this.settledRuns.push(runId);
    return Promise.resolve();
  }

  get reasons(): (string | null)[] {
    return this.denials.map(({ reason }) => reason);
  }

  get open(): Allowed[] {
    return this.allowances.filter(({ end }) => end === null);
  }
}
