import { ArchiveRefused, type RefusalReason } from './archive-refused.js';

/** What an archive may hold. */
export interface ArchiveLimits {
  /** Bytes on disk when unpacked, counted in blocks. */
  bytes: number;
  /** Files, links and directories, those included that only a name implies. */
  entries: number;
}

/** An entry as an archive tells it; none of it is believed. */
export interface ArchiveEntry {
  type: 'file' | 'directory' | 'symlink' | 'link' | 'other';
  path: string;
  /** Of a link. */
  target: string;
  size: number;
  mode: number;
}

/** What is to be made, below the directory that is unpacked into. */
export interface AdmittedEntry {
  kind: 'file' | 'directory' | 'symlink' | 'link';
  /** Relative, of plain components only. */
  path: string;
  /** Of a symlink as it was written; of a hard link relative as `path`. */
  target: string;
  /** Permissions without set-uid, set-gid and sticky; our own access to a directory is kept. */
  mode: number;
  /** Directories on the way that are not there yet, outermost first. */
  missing: string[];
  /** A directory that was made for an entry before. */
  made: boolean;
}

const BLOCK_BYTES = 4096;
const MOST_COMPONENT_BYTES = 255;
const MOST_PATH_BYTES = 2048;
const MOST_DEPTH = 128;
const REPLACEMENT = '\ufffd';

/**
 * Decides entry by entry, without touching a disk, what of an archive may be unpacked into an empty
 * directory. Whatever it admits stays below that directory, also when links are followed: nothing is
 * made through a link, and a link climbs only before its first name, from where it really lies.
 */
export class ArchiveTree {
  readonly #kinds = new Map<string, AdmittedEntry['kind']>();
  #bytes = 0;

  constructor(private readonly limits: ArchiveLimits) {}

  get entries(): number {
    return this.#kinds.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** `null` for the root itself, which is there. @throws ArchiveRefused */
  admit(entry: ArchiveEntry): AdmittedEntry | null {
    const refuse = (reason: RefusalReason) => new ArchiveRefused(reason, entry.path);
    const { type } = entry;
    const parts = componentsOf(entry.path, refuse);
    if (type === 'other') throw refuse('type_not_taken');
    if (parts.length === 0) {
      if (type !== 'directory') throw refuse('name_invalid');
      return null;
    }
    const path = parts.join('/');
    const missing = this.#missingAbove(parts, refuse);
    const known = this.#kinds.get(path);
    if (known !== undefined && !(known === 'directory' && type === 'directory')) {
      throw refuse('duplicate');
    }
    const target = this.#targetOf(entry, parts, refuse);
    this.#count(entry, missing.length + (known === undefined ? 1 : 0), refuse);
    for (const directory of missing) this.#kinds.set(directory, 'directory');
    this.#kinds.set(path, type === 'link' ? 'file' : type);
    const mode = type === 'directory' ? (entry.mode & 0o777) | 0o700 : entry.mode & 0o777;
    return { kind: type, path, target, mode, missing, made: known !== undefined };
  }

  #missingAbove(parts: readonly string[], refuse: Refuse): string[] {
    const missing: string[] = [];
    for (let depth = 1; depth < parts.length; depth += 1) {
      const directory = parts.slice(0, depth).join('/');
      const kind = this.#kinds.get(directory);
      if (kind === undefined) missing.push(directory);
      else if (kind !== 'directory') throw refuse('below_no_directory');
    }
    return missing;
  }

  #targetOf(entry: ArchiveEntry, parts: readonly string[], refuse: Refuse): string {
    if (entry.type === 'symlink') {
      checkSymlink(entry.target, parts.length - 1, refuse);
      return entry.target;
    }
    if (entry.type !== 'link') return '';
    const target = componentsOf(entry.target, () => refuse('link_leaves')).join('/');
    if (this.#kinds.get(target) !== 'file') throw refuse('link_invalid');
    return target;
  }

  #count(entry: ArchiveEntry, made: number, refuse: Refuse): void {
    const size = entry.type === 'file' ? entry.size : 0;
    if (!Number.isSafeInteger(size) || size < 0) throw refuse('too_large');
    const blocks = Math.ceil(size / BLOCK_BYTES) + (entry.type === 'file' ? made - 1 : made);
    this.#bytes += blocks * BLOCK_BYTES;
    if (this.#bytes > this.limits.bytes) throw refuse('too_large');
    if (this.#kinds.size + made > this.limits.entries) throw refuse('too_many_entries');
  }
}

type Refuse = (reason: RefusalReason) => ArchiveRefused;

function componentsOf(name: string, refuse: Refuse): string[] {
  if (name === '' || name.includes('\0')) throw refuse('name_invalid');
  if (name.includes(REPLACEMENT)) throw refuse('name_not_utf8');
  if (name.startsWith('/')) throw refuse('name_absolute');
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw refuse('name_leaves');
  const tooLong = parts.some((part) => Buffer.byteLength(part) > MOST_COMPONENT_BYTES);
  if (tooLong || Buffer.byteLength(name) > MOST_PATH_BYTES) throw refuse('name_too_long');
  if (parts.length > MOST_DEPTH) throw refuse('too_deep');
  return parts;
}

/** `depth`: directories between the root and the link. */
function checkSymlink(target: string, depth: number, refuse: Refuse): void {
  if (target === '' || target.includes('\0')) throw refuse('link_invalid');
  if (target.includes(REPLACEMENT)) throw refuse('name_not_utf8');
  if (target.startsWith('/')) throw refuse('link_leaves');
  if (Buffer.byteLength(target) > MOST_PATH_BYTES) throw refuse('name_too_long');
  let climbed = 0;
  let named = false;
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    // Behind a name, which may be a link itself, nobody knows where `..` leads.
    if (part === '..' && (named || ++climbed > depth)) throw refuse('link_leaves');
    if (part !== '..') named = true;
  }
}
