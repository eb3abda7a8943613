import { chmod, open, readFile, stat, truncate, type FileHandle } from 'node:fs/promises';

import type { AuditLog } from '../../audit/audit-log.js';
import type { AuditRow } from '../../audit/audit-row.js';
import { LOGGED_ACTIONS, identityOf, isTorn, lineOf } from './log-line.js';

const TAIL_BYTES = 256 * 1024;
const ROWS_AT_A_TIME = 500;

/**
 * `secrets.audit.log`: one JSON line for each set and delete. The audit rows are the truth; the file
 * is brought level with them after each commit and at start-up. Lines that are no rows' stay.
 */
export class SecretLog {
  #behind = false;

  constructor(
    private readonly file: string,
    private readonly audit: Pick<AuditLog, 'since' | 'holds'>,
  ) {}

  /** Appends what was committed. After a failure the next call catches up first. */
  async append(rows: readonly AuditRow[]): Promise<void> {
    const ours = rows.filter((row) => isLogged(row));
    if (ours.length === 0) return;
    if (this.#behind || !(await this.#exists())) return this.level();
    this.#behind = true;
    await this.#write(ours);
    this.#behind = false;
  }

  /** Repairs a torn end and appends every operation that the file lacks. */
  async level(): Promise<void> {
    this.#behind = true;
    await this.#closeToOthers();
    await this.#repairEnd();
    const written = await this.#linesAtEnd();
    const last = written.at(-1);
    const fits = last !== undefined && (await this.audit.holds(last.sequence, last.hash));
    if (fits && (await this.#size()) > TAIL_BYTES)
      await this.#writeSince(last.sequence, () => true);
    else await this.#writeMissing();
    this.#behind = false;
  }

  /** Risoluto 0.6 may have left it readable by others. */
  async #closeToOthers(): Promise<void> {
    await chmod(this.file, 0o600).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }

  /** Where the end of the file does not fit the rows, or is short, every line is compared. */
  async #writeMissing(): Promise<void> {
    const hashes = new Set<string>();
    for (const line of (await this.#read()).split('\n')) {
      const identity = identityOf(line);
      if (identity) hashes.add(identity.hash);
    }
    await this.#writeSince(0, (row) => !hashes.has(row.hash));
  }

  async #writeSince(sequence: number, isMissing: (row: AuditRow) => boolean): Promise<void> {
    let last = sequence;
    for (;;) {
      const rows = await this.audit.since(LOGGED_ACTIONS, last, ROWS_AT_A_TIME);
      await this.#write(rows.filter(isMissing));
      if (rows.length < ROWS_AT_A_TIME) return;
      last = rows.at(-1)?.seq ?? last;
    }
  }

  async #write(rows: readonly AuditRow[]): Promise<void> {
    if (rows.length === 0) return;
    await this.#withFile('a', async (handle) => {
      await handle.appendFile(rows.map(lineOf).join(''));
    });
  }

  async #repairEnd(): Promise<void> {
    const content = await this.#tail();
    if (content.length === 0 || content.at(-1) === 0x0a) return;
    const end = content.lastIndexOf(0x0a) + 1;
    const rest = content.subarray(end);
    if (isTorn(rest.toString('utf8'))) {
      await truncate(this.file, (await this.#size()) - rest.length);
    } else {
      await this.#withFile('a', (handle) => handle.appendFile('\n'));
    }
  }

  async #linesAtEnd() {
    const lines = (await this.#tail()).toString('utf8').split('\n');
    return lines.map(identityOf).filter((identity) => identity !== null);
  }

  async #tail(): Promise<Buffer> {
    const size = await this.#size();
    if (size === 0) return Buffer.alloc(0);
    return this.#withFile('r', async (handle) => {
      const start = Math.max(0, size - TAIL_BYTES);
      const { buffer, bytesRead } = await handle.read({
        buffer: Buffer.alloc(size - start),
        position: start,
      });
      return buffer.subarray(0, bytesRead);
    });
  }

  async #read(): Promise<string> {
    return (await this.#exists()) ? readFile(this.file, 'utf8') : '';
  }

  async #exists(): Promise<boolean> {
    return stat(this.file).then(
      () => true,
      () => false,
    );
  }

  async #size(): Promise<number> {
    return (await this.#exists()) ? (await stat(this.file)).size : 0;
  }

  async #withFile<T>(flags: 'a' | 'r', use: (handle: FileHandle) => Promise<T>): Promise<T> {
    const handle = await open(this.file, flags, 0o600);
    try {
      return await use(handle);
    } finally {
      await handle.close();
    }
  }
}

function isLogged(row: AuditRow): boolean {
  return LOGGED_ACTIONS.some((action) => action === row.action);
}
