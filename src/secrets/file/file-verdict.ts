/** SHA-256 of the files' bytes; `null` for one that is not there. */
export interface FileDigests {
  /** What the last committed change made of the file; `null` before the first. */
  readonly committed: string | null;
  /** What it was made of. */
  readonly before: string | null;
  readonly file: string | null;
  /** The file that is to take its place. */
  readonly next: string | null;
}

/**
 * - `level`: the file is the committed one
 * - `promote`: the committed one still has to take its place
 * - `adopt`: another program wrote the file since
 * - `missing`: it is gone
 * - `conflict`: another program wrote it while a committed one still had to take its place
 */
export type FileVerdict = 'level' | 'promote' | 'adopt' | 'missing' | 'conflict';

/** What a crash, or another program, has left. Pure. */
export function judgeFile({ committed, before, file, next }: FileDigests): FileVerdict {
  if (file === committed) return 'level';
  if (committed !== null && next === committed) return file === before ? 'promote' : 'conflict';
  return file === null ? 'missing' : 'adopt';
}
