import { createHash, createHmac, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

import { StartupError } from '../kernel/startup-error.js';
import { writeNewFile, type DataDirectory } from '../persistence/data-directory.js';
import type { UnsignedAuditRow } from './audit-row.js';

const KEY_TEXT = /^[0-9a-f]{64}$/;

/** Signs rows and heads. Whoever can write the table but not read `audit.key` cannot. */
export class AuditKey {
  /** 16 hex digits; tells keys apart and says nothing about them. */
  readonly id: string;

  constructor(private readonly key: Buffer) {
    this.id = createHash('sha256')
      .update('risoluto audit key id\0')
      .update(key)
      .digest('hex')
      .slice(0, 16);
  }

  /**
   * HMAC-SHA256 over a JSON array of the columns in fixed order. ECMAScript defines that text to the
   * byte for strings, integers and null, and an array cannot be read in two ways.
   */
  hashRow(row: UnsignedAuditRow): string {
    const columns = [
      'row-1',
      row.keyId,
      row.seq,
      row.at,
      row.actor,
      row.action,
      row.target,
      row.requestId,
      row.details,
      row.prevHash,
    ];
    return this.#mac(JSON.stringify(columns));
  }

  hashHead(generation: number, seq: number, hash: string): string {
    return this.#mac(JSON.stringify(['head-1', this.id, generation, seq, hash]));
  }

  #mac(text: string): string {
    return createHmac('sha256', this.key).update(text, 'utf8').digest('hex');
  }
}

/**
 * Reads `$DATA_DIR/audit.key` (64 hex digits), or makes it where nothing was ever signed.
 * @throws StartupError when it is missing although `trailExists`, or is damaged.
 */
export function loadAuditKey(directory: DataDirectory, trailExists: boolean): AuditKey {
  const file = directory.path('audit.key');
  if (!existsSync(file)) {
    if (trailExists) throw new StartupError(missingKey(file));
    writeNewFile(file, `${randomBytes(32).toString('hex')}\n`);
    directory.sync();
  }
  const text = readFileSync(file, 'utf8').trim();
  if (!KEY_TEXT.test(text)) {
    throw new StartupError(`${file} is damaged: restore it from the backup`);
  }
  return new AuditKey(Buffer.from(text, 'hex'));
}

function missingKey(file: string): string {
  return `${file} is missing but the audit trail has rows that it signed: restore it from the backup. If it is lost, write a new one (openssl rand -hex 32): changes go on, and verify names the first row of the old key`;
}
