import type { LogPiece } from './log-frames.js';
import type { LogSource } from './log-source.js';

const KiB = 1024;
/** No container of ours has smaller files of its log. */
const LEAST_FILE_BYTES = 64 * KiB * KiB;
/**
 * More than the engine adds to a record on disk: lengths, stream, time, at most 29 bytes; of a cut line its
 * id too, 108. Much more would end the following of a log of short lines long before its first file does.
 */
const MOST_ADDED = { line: 32, cutLine: 160 };
const NEWLINE = 0x0a;
const SIZE = /^(\d+)k$/;

/**
 * How far a log has been read, against the size at which the engine begins its next file. A follower of
 * the engine's is sure only inside the first file: behind that (seen on 20.10, with the `local` driver) it
 * leaves out files that came and went while it was slow, also where its reader was not, and shows one twice,
 * without a word.
 */
export class LogFiles {
  #readBytes = 0;
  #fileBytes: number | null = null;
  #rotated: boolean;

  constructor(private readonly source: LogSource) {
    this.#rotated = source.rotated === true;
  }

  /** Counts what was read, once each. */
  count(pieces: readonly LogPiece[]): void {
    for (const { bytes } of pieces) {
      const added = bytes.at(-1) === NEWLINE ? MOST_ADDED.line : MOST_ADDED.cutLine;
      this.#readBytes += bytes.length + added;
    }
  }

  /** A gap was found, so the next record is not in the first file, however little was read. */
  foundGap(): void {
    this.#rotated = true;
  }

  /** True as soon as the next record may lie behind the first file. */
  async mayBeBehindFirst(): Promise<boolean> {
    if (this.#rotated) return true;
    if (this.#readBytes < this.#leastBytes) return false;
    this.#fileBytes ??= await this.#askFileBytes();
    this.#rotated = this.#readBytes >= this.#fileBytes;
    return this.#rotated;
  }

  get #leastBytes(): number {
    return this.source.leastFileBytes ?? LEAST_FILE_BYTES;
  }

  async #askFileBytes(): Promise<number> {
    const { HostConfig } = await this.source.engine.inspectContainer(this.source.containerId);
    const [, kilobytes = ''] = SIZE.exec(HostConfig.LogConfig?.Config?.['max-size'] ?? '') ?? [];
    return Math.max(this.#leastBytes, Number(kilobytes) * KiB);
  }
}
