/**
 * What a run's changes are told from: the state of its workspace when the run began. Kept with the run
 * as JSON.
 */
export interface RunBase {
  /** The directory itself: another one in its place, or a copy of it, has another identity. */
  workspace: string;
  /** The commit that HEAD named; `null` where there was none, and all files count as new. */
  commit: string | null;
  /** The repository's objects and index, as paths in the workspace; `null` where it had no repository. */
  objects: string | null;
  index: string | null;
  /** Why the commit is not known although there was a repository. */
  problem?: string;
}

export function parseBase(stored: string): RunBase {
  return JSON.parse(stored) as RunBase;
}
