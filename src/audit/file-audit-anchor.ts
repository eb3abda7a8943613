import { open, readFile } from 'node:fs/promises';
import { timingSafeEqual } from 'node:crypto';

import { AuditAnchor, type AnchorState } from './audit-anchor.js';
import type { AuditKey } from './audit-key.js';
import type { ChainHead } from './audit-row.js';

const RECORD_BYTES = 256;
const RECORD = /^risoluto-audit-head 1 (\d{16}) (\d{16}) ([0-9a-f]{64}) ([0-9a-f]{64}) *\n$/;

interface HeadRecord extends ChainHead {
  readonly generation: number;
}

/**
 * `$DATA_DIR/audit.head`: two records of 256 bytes that are overwritten by turns, so that a torn
 * write leaves the other; each is signed with the audit key, and the higher generation counts.
 */
export class FileAuditAnchor extends AuditAnchor {
  #generation: number | null = null;

  constructor(
    private readonly file: string,
    private readonly key: AuditKey,
    private readonly syncDirectory: () => void,
  ) {
    super();
  }

  async read(): Promise<AnchorState> {
    const content = await this.#content();
    if (content === null) return { state: 'missing' };
    const newest = this.#newest(content);
    if (newest === null) return { state: 'damaged' };
    return { state: 'kept', head: { seq: newest.seq, hash: newest.hash } };
  }

  async write(head: ChainHead): Promise<'replaced' | 'made'> {
    const generation = (this.#generation ?? (await this.#storedGeneration())) + 1;
    const record = Buffer.alloc(RECORD_BYTES, ' ');
    record.write(this.#format(generation, head), 'latin1');
    record.write('\n', RECORD_BYTES - 1, 'latin1');
    const outcome = await this.#overwrite(record, (generation % 2) * RECORD_BYTES);
    this.#generation = generation;
    return outcome;
  }

  async #overwrite(record: Buffer, position: number): Promise<'replaced' | 'made'> {
    const existing = await open(this.file, 'r+').catch(nullIfMissing);
    const handle = existing ?? (await open(this.file, 'wx+', 0o600));
    try {
      await handle.write(record, 0, record.length, position);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    if (existing) return 'replaced';
    this.syncDirectory();
    return 'made';
  }

  async #storedGeneration(): Promise<number> {
    const content = await this.#content();
    return content === null ? 0 : (this.#newest(content)?.generation ?? 0);
  }

  #content(): Promise<string | null> {
    return readFile(this.file, 'latin1').catch(nullIfMissing);
  }

  #newest(content: string): HeadRecord | null {
    const records = [0, RECORD_BYTES]
      .map((start) => this.#parse(content.slice(start, start + RECORD_BYTES)))
      .filter((record) => record !== null)
      .sort((a, b) => b.generation - a.generation);
    return records[0] ?? null;
  }

  #parse(text: string): HeadRecord | null {
    const [, generation, seq, hash, mac] = RECORD.exec(text) ?? [];
    if (!generation || !seq || !hash || !mac) return null;
    const record = { generation: Number(generation), seq: Number(seq), hash };
    const expected = this.key.hashHead(record.generation, record.seq, hash);
    return timingSafeEqual(Buffer.from(mac), Buffer.from(expected)) ? record : null;
  }

  #format(generation: number, { seq, hash }: ChainHead): string {
    const mac = this.key.hashHead(generation, seq, hash);
    return `risoluto-audit-head 1 ${pad(generation)} ${pad(seq)} ${hash} ${mac}`;
  }
}

function pad(value: number): string {
  return String(value).padStart(16, '0');
}

function nullIfMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
