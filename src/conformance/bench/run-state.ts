/** A run as the service answers it; what the suite needs of it. */
export interface RunState {
  readonly id: string;
  readonly status: string;
  readonly exitCode: number | null;
  readonly reason: string | null;
  readonly message: string | null;
}

const FINAL = new Set(['succeeded', 'failed', 'cancelled', 'timed_out', 'out_of_memory', 'lost']);

export function hasEnded({ status }: RunState): boolean {
  return FINAL.has(status);
}
