import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';

import { DomainError } from '../../kernel/domain-error.js';
import { assertSecretValue } from '../../secrets/secret-name.js';
import type { CliError } from '../cli-error.js';
import { usageError } from '../service-command.js';

const MOST_BYTES = 64 * 1024;
const LINE_END_BYTES = 2;

export interface ValueReading {
  /** Where the value stands, for messages: `standard input`, `--from-file`. */
  readonly source: string;
  /** Else one line end (LF or CRLF) is cut from its end. */
  readonly keepNewline: boolean;
}

/**
 * The value that the stream's bytes are, checked as the service checks it. Reads no further than it
 * must to see that a value is too long.
 *
 * @throws CliError `usage`, which never holds the value
 */
export async function readValue(input: Readable, reading: ValueReading): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input as AsyncIterable<Buffer | string>) {
    chunks.push(Buffer.from(chunk));
    bytes += chunk.length;
    if (bytes > MOST_BYTES + LINE_END_BYTES) break;
  }
  const all = Buffer.concat(chunks);
  return checkedValue(reading.keepNewline ? all : withoutLineEnd(all), reading.source);
}

/** As `readValue`, of a file; a pipe will do. */
export async function readValueOfFile(path: string, keepNewline: boolean): Promise<string> {
  try {
    return await readValue(createReadStream(path), { source: '--from-file', keepNewline });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || !/^E[A-Z]+$/.test(code)) throw error;
    // The path is not repeated: somebody may have put the value there.
    throw usageError(`--from-file: the file cannot be read (${code})`);
  }
}

/** @throws CliError `usage` when the bytes are no value that can be stored. */
export function checkedValue(bytes: Buffer, source: string): string {
  if (bytes.length === 0) throw wrong(source, 'holds no value: it is empty');
  if (bytes.length > MOST_BYTES) throw wrong(source, 'holds more than 64 KiB');
  const value = decoded(bytes);
  if (value === null) {
    throw wrong(source, 'is not UTF-8', 'encode what is binary, with base64 for instance');
  }
  try {
    assertSecretValue(value);
  } catch (error) {
    if (error instanceof DomainError) throw wrong(source, `is refused: ${error.message}`);
    throw error;
  }
  return value;
}

function withoutLineEnd(bytes: Buffer): Buffer {
  if (bytes.at(-1) !== 0x0a) return bytes;
  return bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1);
}

function decoded(bytes: Buffer): string | null {
  try {
    // A byte order mark is a part of the value like any other bytes.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function wrong(source: string, problem: string, hint?: string): CliError {
  return usageError(`${source} ${problem}`, hint);
}
