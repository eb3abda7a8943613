import type { FileHandle } from 'node:fs/promises';

import type { OutputRecord, StoredRecord } from './output-record.js';

const NEWLINE = 10;
const FIRST_WINDOW_BYTES = 64 * 1024;

/**
 * The last whole records of an NDJSON file that hold at least so many bytes of text together, or all
 * there are. What it reads grows with `bytes`, and not with the file; what an agent printed for its driver
 * is passed over.
 */
export async function lastRecords(file: FileHandle, bytes: number): Promise<OutputRecord[]> {
  const { size } = await file.stat();
  for (let window = FIRST_WINDOW_BYTES; ; window *= 2) {
    const start = Math.max(0, size - window);
    const buffer = Buffer.alloc(size - start);
    const { bytesRead } = await file.read({ buffer, position: start });
    const whole = wholeLines(buffer.subarray(0, bytesRead), start > 0);
    const { records, held } = lastOf(whole, bytes);
    if (held >= bytes || start === 0) return records;
  }
}

/** Without the line whose beginning lies before, and the one whose end is not written yet. */
function wholeLines(bytes: Buffer, cutBefore: boolean): string[] {
  const from = cutBefore ? bytes.indexOf(NEWLINE) + 1 : 0;
  if (cutBefore && from === 0) return [];
  const end = bytes.lastIndexOf(NEWLINE) + 1;
  return bytes.toString('utf8', from, Math.max(from, end)).split('\n');
}

function lastOf(lines: readonly string[], bytes: number) {
  const records: OutputRecord[] = [];
  let held = 0;
  for (const line of lines.toReversed()) {
    const record = parsed(line);
    if (record === null || isRawOfAgent(record)) continue;
    records.push(record);
    held += Buffer.byteLength(record.text);
    if (held >= bytes) break;
  }
  return { records: records.reverse(), held };
}

/** `null` for what a loss of power left of a line. */
function parsed(line: string): OutputRecord | null {
  try {
    const record = JSON.parse(line) as Partial<OutputRecord> | null;
    return typeof record?.text === 'string' ? (record as OutputRecord) : null;
  } catch {
    return null;
  }
}

function isRawOfAgent({ stream, attempt }: OutputRecord & Pick<StoredRecord, 'attempt'>): boolean {
  return stream === 'stdout' && attempt !== undefined;
}
