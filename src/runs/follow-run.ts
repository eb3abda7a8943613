import { ChangeWaiter } from './run-changes.js';
import type { RunSignals } from './run-signals.js';
import { isFinal, type RunStatus } from './run-status.js';
import type { RunRepository } from './run.repository.js';

/** What a follower of a run is told beside the news: that there is none now, or none any more. */
export type RunStanding =
  | { kind: 'idle' }
  | { kind: 'end'; status: RunStatus; exitCode: number | null }
  | { kind: 'stopping' };

/** Something of a run that grows. */
export interface RunNews<News> {
  /** What is new since the last call; all of it at the first. */
  news(): AsyncIterable<News>;
  close(): Promise<void> | void;
}

export interface FollowedRun<News> {
  readonly runId: string;
  /** `wake` has the news looked at again, as each change of the run does. */
  readonly open: (wake: () => void) => RunNews<News> | Promise<RunNews<News>>;
}

const HEARTBEAT_MS = 15_000;

/**
 * The news that there are, and those that come until the run has finished, the service stops or `gone`
 * fires. Nothing is kept for a reader: who is slow looks later.
 */
export async function* followRun<News>(
  { runs, signals }: { runs: RunRepository; signals: RunSignals },
  { runId, open }: FollowedRun<News>,
  gone: AbortSignal,
): AsyncGenerator<News | RunStanding> {
  const waiter = new ChangeWaiter(signals.changes, runId);
  const wake = () => waiter.poke();
  gone.addEventListener('abort', wake);
  const unlisten = signals.onStopping(wake);
  let source: RunNews<News> | null = null;
  try {
    source = await open(wake);
    for (;;) {
      if (gone.aborted) return;
      // The state is read first: what there is of a finished run is all stored.
      const run = await runs.find(runId);
      yield* source.news();
      if (run === null) return;
      if (isFinal(run.status)) {
        yield { kind: 'end', status: run.status, exitCode: run.exitCode };
        return;
      }
      if (signals.stopping) {
        yield { kind: 'stopping' };
        return;
      }
      if (!(await waiter.wait(HEARTBEAT_MS))) yield { kind: 'idle' };
    }
  } finally {
    unlisten();
    waiter.close();
    await source?.close();
  }
}
