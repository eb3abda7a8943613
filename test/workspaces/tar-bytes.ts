import { gzipSync } from 'node:zlib';

const BLOCK = 512;

export interface RawEntry {
  name: string | Buffer;
  /** The type's character; a file by default. */
  type?: string;
  body?: string | Buffer;
  link?: string;
  mode?: number;
  /** What the header says, where that is not the length of the body. */
  size?: number;
}

/** An entry byte by byte, so that it can be what no archiver would write. */
export function rawEntry({
  name,
  type = '0',
  body = '',
  link = '',
  mode = 0o644,
  size,
}: RawEntry): Buffer {
  const header = Buffer.alloc(BLOCK);
  const content = Buffer.from(body as string);
  Buffer.from(name as string).copy(header, 0, 0, 100);
  header.write(`${mode.toString(8).padStart(7, '0')}\0`, 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${(size ?? content.length).toString(8).padStart(11, '0')}\0`, 124);
  header.write('14700000000\0', 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]);
}

export const END = Buffer.alloc(2 * BLOCK);

export function tarOf(...entries: (RawEntry | Buffer)[]): Buffer {
  const parts = entries.map((entry) => (Buffer.isBuffer(entry) ? entry : rawEntry(entry)));
  return Buffer.concat([...parts, END]);
}

export function tarGz(...entries: (RawEntry | Buffer)[]): Buffer {
  return gzipSync(tarOf(...entries));
}

/** A pax record for the entry behind it. */
export function pax(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest);
  while (String(length).length + Buffer.byteLength(rest) !== length) {
    length = String(length).length + Buffer.byteLength(rest);
  }
  return rawEntry({ name: 'PaxHeader', type: 'x', body: `${length}${rest}` });
}

/** GNU's long name for the entry behind it. */
export function longName(name: string, type: 'L' | 'K' = 'L'): Buffer {
  return rawEntry({ name: '././@LongLink', type, body: `${name}\0` });
}
