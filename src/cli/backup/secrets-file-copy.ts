import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { judgeFile, type FileDigests } from '../../secrets/file/file-verdict.js';

const LOOK_EVERY_MS = 2;
/** The copy of the database is of a moment near its beginning, however long it takes. */
const LOOK_FOR_MS = 2000;
const MOST_BYTES = 64 * 1024 * 1024;

/** What is there at one time. */
type Look = Pick<FileDigests, 'file' | 'next'>;

/** What a database says of the file. */
export type CommittedFile = Pick<FileDigests, 'committed' | 'before'>;

/**
 * `secrets.enc` and the one that is to take its place, looked at while the database is being copied, so
 * that the one which belongs to the copy is found among them.
 */
export class SecretsFileCopy {
  readonly #seen = new Map<string, Buffer>();
  #bytes = 0;
  #looking = true;

  constructor(private readonly file: string) {}

  /** Runs `work` and keeps what the files were before, meanwhile and after. */
  async during<T>(work: () => Promise<T>): Promise<{ result: T; before: Look; after: Look }> {
    const before = await this.#look();
    const watching = this.#watch();
    try {
      const result = await work();
      return { result, before, after: await this.#look() };
    } finally {
      this.#looking = false;
      await watching;
    }
  }

  /** The bytes with this digest, where they were seen. */
  content(digest: string): Buffer | null {
    return this.#seen.get(digest) ?? null;
  }

  async #watch(): Promise<void> {
    const end = performance.now() + LOOK_FOR_MS;
    while (this.#looking && performance.now() < end && this.#bytes < MOST_BYTES) {
      await this.#look().catch(() => null);
      await sleep(LOOK_EVERY_MS);
    }
  }

  async #look(): Promise<Look> {
    // The next one becomes the file, so in this order none slips through.
    const next = await this.#read(`${this.file}.next`);
    return { next, file: await this.#read(this.file) };
  }

  async #read(path: string): Promise<string | null> {
    const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (content === null) return null;
    const digest = createHash('sha256').update(content).digest('hex');
    if (!this.#seen.has(digest)) {
      this.#seen.set(digest, content);
      this.#bytes += content.length;
    }
    return digest;
  }
}

/**
 * What belongs to a database that says so of the file: the bytes of its digest. Where a file that nothing
 * writes has another one, or is gone, it is the operator's doing, which a start will judge: it is taken
 * as it is.
 * @returns `again` where it was too fast, `conflict` where no start could tell which one counts
 */
export function fileOfMoment(
  copy: Pick<SecretsFileCopy, 'content'>,
  stored: CommittedFile,
  { before, after }: { before: Look; after: Look },
): { content: Buffer | null } | 'again' | 'conflict' {
  const { committed } = stored;
  const quiet = before.file === after.file && before.next === after.next;
  if (quiet && judgeFile({ ...stored, ...after }) === 'conflict') return 'conflict';
  const content = committed === null ? null : copy.content(committed);
  if (content !== null) return { content };
  if (!quiet) return 'again';
  return { content: after.file === null ? null : copy.content(after.file) };
}
