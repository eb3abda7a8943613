import { ArchiveRefused } from './archive-refused.js';
import { metaEntry } from './tar-header.js';

/** Each once for an entry, whoever tells it: pax or GNU's long names. */
type Told = 'path' | 'linkpath' | 'size' | 'mtime';

const TOLD: ReadonlySet<string> = new Set<Told>(['path', 'linkpath', 'size', 'mtime']);
/** They would make an entry something else than its header says. */
const REFUSED_IN_ALL = new Set(['path', 'linkpath', 'size', 'type']);
const SPARSE = 'GNU.sparse';
/** 8 GiB less a byte. */
const MOST_OCTAL = 8 ** 11 - 1;
const NO_SIZE: readonly number[] = [0, MOST_OCTAL];
const RECORD = /(\d{1,6}) ([^=\n\0]+)=/y;
const SECONDS = /^-?\d{1,15}(\.\d{1,12})?$/;
const LINE_FEED = 0x0a;

/**
 * What the headers before an entry tell of it. They are read by their lengths, and told to the next
 * reader in a form that has one meaning; of pax only names and times are left.
 */
export class EntryMeta {
  readonly #told = new Map<Told, Buffer>();

  get path(): string | undefined {
    return this.#told.get('path')?.toString('utf8');
  }

  /** @throws ArchiveRefused */
  add(type: string, body: Buffer): void {
    if (type === 'L') this.#tell('path', longName(body));
    else if (type === 'K') this.#tell('linkpath', longName(body));
    else this.#addRecords(body, type === 'g');
  }

  /**
   * Of the file, by its header and by what was told before it. What is too large for the header's
   * octal digits is told alone, with `NO_SIZE` in the header.
   *
   * @throws ArchiveRefused where both tell one, and not the same: two readers, two archives
   */
  sizeBeside(size: number): number {
    const text = this.#told.get('size')?.toString('latin1');
    if (text === undefined) return size;
    const told = Number(text);
    const alone = told > MOST_OCTAL && Number.isSafeInteger(told) && NO_SIZE.includes(size);
    if (told !== size && !alone) throw new ArchiveRefused('header_invalid');
    return told;
  }

  bytes(): Buffer[] {
    const [path, link, time] = (['path', 'linkpath', 'mtime'] as const).map((key) =>
      this.#told.get(key),
    );
    const end = Buffer.alloc(1);
    return [
      ...(path ? [metaEntry('L', Buffer.concat([path, end]))] : []),
      ...(link ? [metaEntry('K', Buffer.concat([link, end]))] : []),
      ...(time ? [metaEntry('x', recordOf('mtime', time.toString('latin1')))] : []),
    ];
  }

  #addRecords(body: Buffer, ofAll: boolean): void {
    const text = body.toString('latin1');
    for (let at = 0; at < body.length;) {
      RECORD.lastIndex = at;
      const [start = '', length = '', key = ''] = RECORD.exec(text) ?? [];
      const end = at + Number(length);
      const from = at + start.length;
      if (start === '' || end <= from || end > body.length || body[end - 1] !== LINE_FEED) {
        throw new ArchiveRefused('header_invalid');
      }
      this.#addRecord(key, body.subarray(from, end - 1), ofAll);
      at = end;
    }
  }

  #addRecord(key: string, value: Buffer, ofAll: boolean): void {
    if (key.startsWith(SPARSE)) throw new ArchiveRefused('type_not_taken', 'a sparse file');
    if (key === 'type' || (ofAll && REFUSED_IN_ALL.has(key))) {
      throw new ArchiveRefused('header_invalid');
    }
    if (!ofAll && TOLD.has(key)) this.#tell(key as Told, value);
  }

  #tell(key: Told, value: Buffer): void {
    const text = value.toString('latin1');
    const valid = key === 'size' ? /^\d{1,16}$/ : key === 'mtime' ? SECONDS : /^[^\0]+$/;
    if (this.#told.has(key) || !valid.test(text)) throw new ArchiveRefused('header_invalid');
    this.#told.set(key, key === 'size' ? Buffer.from(String(Number(text))) : value);
  }
}

/** Up to the zero at its end. */
function longName(body: Buffer): Buffer {
  const end = body.indexOf(0);
  if (end === -1) return body;
  if (body.subarray(end).some((byte) => byte !== 0)) throw new ArchiveRefused('header_invalid');
  return body.subarray(0, end);
}

function recordOf(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`;
  const digits = String(rest.length + 2).length;
  return Buffer.from(`${rest.length + digits}${rest}`);
}
