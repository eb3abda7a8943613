import type { Bench } from '../bench/bench.js';
import type { RunState } from '../bench/run-state.js';
import { PLAIN } from '../bench/shape.js';
import { NotApplicable } from '../probe.js';

/** A run that ignores SIGTERM, and its end. */
export interface StubbornRun {
  readonly ended: RunState;
  readonly output: string;
  /** From the cancellation to the outcome. */
  readonly endMs: number;
  /** How many containers it had, and has after its end; null where the engine cannot be reached. */
  readonly containers: { readonly before: number; readonly after: number } | null;
}

const SCRIPT = `trap '' TERM; kill -TERM $$; echo survived; echo up; while :; do sleep 1; done`;

export function stubbornRun(bench: Bench): Promise<StubbornRun> {
  return bench.once('stubborn-run', async () => {
    const run = await bench.hold({ shape: PLAIN, script: SCRIPT });
    const before = await containers(bench, run.id);
    const output = await run.output();
    const start = performance.now();
    const ended = await run.end();
    const endMs = performance.now() - start;
    const after = await containers(bench, run.id);
    const both = before === null || after === null ? null : { before, after };
    return { ended, output, endMs, containers: both };
  });
}

async function containers(bench: Bench, runId: string): Promise<number | null> {
  try {
    return (await (await bench.engine()).containersOf(runId)).length;
  } catch (error) {
    if (error instanceof NotApplicable) return null;
    throw error;
  }
}
