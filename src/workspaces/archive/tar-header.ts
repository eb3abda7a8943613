import { ArchiveRefused } from './archive-refused.js';

export const BLOCK = 512;

const LINE_END = /[\n\r\u2028\u2029]/u;

export interface TarHeader {
  type: string;
  /** As its own field has it, without the prefix. */
  field: string;
  name: string;
  size: number;
}

const POSIX = 'ustar\x0000';
const GNU = 'ustar  \0';
/** Before there was a mark. */
const V7 = '\0'.repeat(8);

/** A reader that decompresses by itself would see another archive in it. */
const COMPRESSED = [Buffer.from('1f8b', 'hex'), Buffer.from('28b52ffd', 'hex')];

/**
 * A header's block, which must mean the same to every reader.
 *
 * @throws ArchiveRefused `not_an_archive` where it is none, `header_invalid`
 */
export function readHeader(block: Buffer): TarHeader {
  const magic = block.toString('latin1', 257, 265);
  if (
    COMPRESSED.some((start) => block.subarray(0, start.length).equals(start)) ||
    ![POSIX, GNU, V7].includes(magic) ||
    octal(block.subarray(148, 155)) !== sumOf(block)
  ) {
    throw new ArchiveRefused('not_an_archive');
  }
  const field = textOf(block.subarray(0, 100));
  const prefix = magic === POSIX ? textOf(block.subarray(345, 500)) : '';
  textOf(block.subarray(157, 257));
  // Some readers take a prefix for there when its 131st byte is, though it ended before that.
  if (magic === POSIX && block[475] !== 0 && block.indexOf(0, 345) < 475) {
    throw new ArchiveRefused('header_invalid');
  }
  const type = String.fromCharCode(block[156] ?? 0);
  return {
    type: type === '\0' ? '0' : type,
    field,
    name: prefix === '' ? field : `${prefix}/${field}`,
    size: sizeOf(block.subarray(124, 136)),
  };
}

/** The same header with another size, in base 256. */
export function withSize(block: Buffer, size: number): Buffer {
  const header = Buffer.from(block);
  header.write(size.toString(16).padStart(24, '0'), 124, 'hex');
  header.writeUInt8(0x80, 124);
  writeSum(header);
  return header;
}

/** A header of ours with its body, for what is told of the entry behind it. */
export function metaEntry(type: 'x' | 'L' | 'K', body: Buffer): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(type === 'x' ? 'PaxHeader' : '././@LongLink', 0);
  for (const at of [100, 108, 116]) header.write('0000000\0', at);
  header.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write(type, 156);
  header.write(POSIX, 257);
  writeSum(header);
  return Buffer.concat([header, body, Buffer.alloc(padded(body.length) - body.length)]);
}

export function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

function writeSum(header: Buffer): void {
  header.write(`${sumOf(header).toString(8).padStart(6, '0')}\0 `, 148);
}

/** Of all bytes, with spaces for the sum itself. */
function sumOf(block: Buffer): number {
  const own = block.subarray(148, 156);
  return totalOf(block) - totalOf(own) + own.length * 0x20;
}

function totalOf(bytes: Buffer): number {
  return bytes.reduce((total, byte) => total + byte, 0);
}

/** Some readers go on behind the zero after what ends a line in their language. */
function textOf(field: Buffer): string {
  const text = field.toString('utf8');
  const end = text.indexOf('\0');
  if (end === -1) return text;
  if (LINE_END.test(text.slice(end))) throw new ArchiveRefused('header_invalid');
  return text.slice(0, end);
}

/** Octal text, or GNU's base 256 where the first bit is set. */
function sizeOf(field: Buffer): number {
  const first = field[0] ?? 0;
  const large = (first & 0x80) !== 0;
  const size = large
    ? Number(BigInt(`0x${field.subarray(1).toString('hex')}`))
    : octal(field, /^ *[0-7]*[\0 ]*$/);
  if (size === null || !Number.isSafeInteger(size) || (large && first !== 0x80)) {
    throw new ArchiveRefused('header_invalid');
  }
  return size;
}

function octal(field: Buffer, form = /^ *[0-7]+[\0 ]*$/): number | null {
  const text = field.toString('latin1');
  if (!form.test(text)) return null;
  return Number.parseInt(/[0-7]+/.exec(text)?.[0] ?? '0', 8);
}
