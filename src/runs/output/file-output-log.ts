import { mkdir, open, readdir, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { lastRecords } from './last-records.js';
import { OutputLog, type OutputAppender, type OutputReader } from './output-log.js';
import type { OutputRecord, StoredRecord } from './output-record.js';

const END = '.ndjson';
const NEWLINE = 10;
const READ_BYTES = 64 * 1024;

/** One NDJSON file a run, `output/<run>.ndjson` in the data directory, mode 0600. */
export class FileOutputLog extends OutputLog {
  constructor(private readonly directory: string) {
    super();
  }

  async open(runId: string): Promise<OutputAppender> {
    const path = this.#pathOf(runId);
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const file = await open(path, 'a+', 0o600);
    try {
      const { record, end, size } = await lastWholeRecord(file);
      if (end < size) await file.truncate(end);
      return new FileOutputAppender(file, end, record);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async read(runId: string, afterSeq: number): Promise<OutputReader> {
    const file = await openExisting(this.#pathOf(runId));
    if (file === null) return new NotYetWritten(() => this.read(runId, afterSeq));
    try {
      return new FileOutputReader(file, await startOf(file, afterSeq), afterSeq);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async tail(runId: string, bytes: number): Promise<OutputRecord[]> {
    const file = await openExisting(this.#pathOf(runId));
    if (file === null) return [];
    try {
      return await lastRecords(file, bytes);
    } finally {
      await file.close();
    }
  }

  async runIds(): Promise<string[]> {
    const names = await readdir(this.directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    return names.filter((name) => name.endsWith(END)).map((name) => name.slice(0, -END.length));
  }

  async remove(runId: string): Promise<void> {
    await rm(this.#pathOf(runId), { force: true });
  }

  #pathOf(runId: string): string {
    return join(this.directory, `${runId}${END}`);
  }
}

async function openExisting(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  }
}

/** What a failed append left of a line is cut off before the next one. */
class FileOutputAppender implements OutputAppender {
  #torn = false;

  constructor(
    private readonly file: FileHandle,
    private size: number,
    readonly last: StoredRecord | null,
  ) {}

  async append(records: readonly StoredRecord[]): Promise<void> {
    const bytes = Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    if (this.#torn) await this.file.truncate(this.size);
    this.#torn = true;
    await this.file.appendFile(bytes);
    this.#torn = false;
    this.size += bytes.length;
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

/** A run whose first output is still to come. */
class NotYetWritten implements OutputReader {
  #reader: OutputReader | null = null;

  constructor(private readonly reopen: () => Promise<OutputReader>) {}

  async next(): Promise<OutputRecord[]> {
    if (this.#reader === null) {
      const reader = await this.reopen();
      if (reader instanceof NotYetWritten) return [];
      this.#reader = reader;
    }
    return this.#reader.next();
  }

  async close(): Promise<void> {
    await this.#reader?.close();
  }
}

class FileOutputReader implements OutputReader {
  /** The beginning of a line whose end has not been read yet. */
  #partial: Buffer = Buffer.alloc(0);

  constructor(
    private readonly file: FileHandle,
    private position: number,
    private readonly afterSeq: number,
  ) {}

  async next(): Promise<OutputRecord[]> {
    for (;;) {
      const { buffer, bytesRead } = await this.file.read({
        buffer: Buffer.allocUnsafe(READ_BYTES),
        position: this.position,
      });
      if (bytesRead === 0) return [];
      this.position += bytesRead;
      const bytes = Buffer.concat([this.#partial, buffer.subarray(0, bytesRead)]);
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      this.#partial = Buffer.from(bytes.subarray(end));
      const records = parseLines(bytes.toString('utf8', 0, end)).filter(
        (record) => record.seq > this.afterSeq,
      );
      if (records.length > 0) return records;
    }
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

function parseLines(text: string): OutputRecord[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as OutputRecord);
}

/**
 * The last record that is whole, `null` when there is none, and where it ends. After a loss of power
 * a file can have its length and not all of its bytes: a line that is no record is as torn as one
 * without its end.
 */
async function lastWholeRecord(
  file: FileHandle,
): Promise<{ record: StoredRecord | null; end: number; size: number }> {
  const { size } = await file.stat();
  let before = size;
  for (;;) {
    const { line, start, end } = await lastWholeLine(file, before);
    const record = line === null ? null : parseRecord(line);
    if (line === null || record !== null) return { record, end, size };
    before = start;
  }
}

function parseRecord(line: string): StoredRecord | null {
  try {
    const record = JSON.parse(line) as Partial<StoredRecord> | null;
    return Number.isInteger(record?.seq) ? (record as StoredRecord) : null;
  } catch {
    return null;
  }
}

/** The last line before `size` that has its end, `null` when there is none, and where it lies. */
async function lastWholeLine(
  file: FileHandle,
  size: number,
): Promise<{ line: string | null; start: number; end: number }> {
  let start = size;
  let tail = Buffer.alloc(0);
  for (;;) {
    const end = tail.lastIndexOf(NEWLINE);
    const before = end > 0 ? tail.lastIndexOf(NEWLINE, end - 1) : -1;
    if (start === 0 || before >= 0) {
      const line = end < 0 ? null : tail.toString('utf8', before + 1, end);
      return { line, start: start + before + 1, end: start + end + 1 };
    }
    const length = Math.min(READ_BYTES, start);
    start -= length;
    const { buffer } = await file.read({ buffer: Buffer.alloc(length), position: start });
    tail = Buffer.concat([buffer, tail]);
  }
}

/** Where a line begins that stands at or before the one behind `afterSeq`: found by halving. */
async function startOf(file: FileHandle, afterSeq: number): Promise<number> {
  if (afterSeq === 0) return 0;
  let low = 0;
  let high = (await file.stat()).size;
  while (high - low > READ_BYTES) {
    const middle = low + Math.floor((high - low) / 2);
    const line = await firstLineFrom(file, middle);
    if (line === null || line.seq > afterSeq) high = middle;
    else low = line.start;
  }
  return low;
}

async function firstLineFrom(
  file: FileHandle,
  position: number,
): Promise<{ start: number; seq: number } | null> {
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(READ_BYTES * 2), position });
  const newline = buffer.subarray(0, bytesRead).indexOf(NEWLINE);
  const head = buffer.toString('latin1', newline + 1, Math.min(newline + 40, bytesRead));
  const seq = /^\{"seq":(\d+),/.exec(head);
  return newline < 0 || seq === null
    ? null
    : { start: position + newline + 1, seq: Number(seq[1]) };
}
