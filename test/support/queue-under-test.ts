import type { RunQueue } from '../../src/runs/run-queue.js';

/** An adapter with what surrounds it in the service: who puts runs in, and who ends them. */
export interface QueueUnderTest {
  readonly queue: RunQueue;
  /** Durable when it resolves; the ids, in the order of the issues. */
  add(issues: readonly string[]): Promise<string[]>;
  /** As `add`, runs that are kept alive. */
  addKept(issues: readonly string[]): Promise<string[]>;
  /** A further turn of an idle run; durable when it resolves. */
  addTurn(id: string, command: string[]): Promise<void>;
  /** As a client does; resolves when the run is cancelled. */
  cancel(id: string): Promise<void>;
  /** The end of a run that was taken. */
  finish(id: string): Promise<void>;
  /** The end of a turn of a run that is kept alive: it waits for another one. */
  endTurn(id: string): Promise<void>;
  /** The run's earlier turn has left something on the machine, until the answer is called. */
  leave(id: string, issue: string): () => Promise<void>;
  /** Another than a run uses the workspace, until the answer is called. */
  hold(issue: string): () => void;
  /** Time goes by. */
  pass(ms: number): void;
  /** The process ends without a word, and another one opens what it left. */
  reopened(): Promise<QueueUnderTest>;
  close(): Promise<void>;
}
