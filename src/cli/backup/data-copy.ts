import { constants } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { AuditKey } from '../../audit/audit-key.js';
import { FileAuditAnchor } from '../../audit/file-audit-anchor.js';
import { judgeAnchor } from '../../audit/trail-state.js';
import { DatabaseCopy } from '../../persistence/database-copy.js';
import { BackupRefused } from './backup-refused.js';
import { AUDIT_HEAD, AUDIT_KEY, DATABASE, FILES, SECRETS_FILE } from './manifest.js';
import { SecretsFileCopy, fileOfMoment, type CommittedFile } from './secrets-file-copy.js';

/** A busy service can append more rows between two looks than a crash could have left. */
const ATTEMPTS = 5;
/** Secrets must be those of the database; nothing less is a backup. */
const ATTEMPTS_FOR_SECRETS = 25;
const PAUSE_MS = 200;

export interface DataCopy {
  /** Where the copies lie, under the names that they have in the data directory. */
  readonly directory: string;
  readonly database: DatabaseCopy;
  /** Those of `FILES` that were there. */
  readonly files: readonly string[];
  /** The head outside the table fits the table; where it does not, the trail was broken before. */
  readonly headFits: boolean;
}

/**
 * Copies the database and the files beside it from under a service that may be running. The files come
 * first: the audit's table may be ahead of its head and of the log, never behind. The secrets' file is
 * the one that the copied database means.
 *
 * @throws BackupRefused
 */
export async function copyData(dataDir: string, directory: string): Promise<DataCopy> {
  for (let attempt = 1; ; attempt++) {
    await mkdir(directory, { mode: 0o700 });
    const files = await copyFiles(dataDir, directory);
    const secrets = new SecretsFileCopy(join(dataDir, SECRETS_FILE));
    const { result: database, ...looks } = await secrets.during(() =>
      DatabaseCopy.take(join(dataDir, DATABASE), join(directory, DATABASE)),
    );
    const found = fileOfMoment(secrets, await committedFile(database), looks);
    const headFits = await fits(directory, database);
    if (typeof found === 'object' && (headFits || attempt >= ATTEMPTS)) {
      if (found.content !== null) {
        await writeFile(join(directory, SECRETS_FILE), found.content, { mode: 0o600 });
        files.push(SECRETS_FILE);
      }
      return { directory, database, files, headFits };
    }
    await database.close();
    await rm(directory, { recursive: true });
    if (found === 'conflict') throw new BackupRefused(CONFLICT);
    if (attempt >= ATTEMPTS_FOR_SECRETS) throw new BackupRefused(TOO_FAST);
    await sleep(PAUSE_MS);
  }
}

const CONFLICT =
  'secrets.enc was written by another program while a change of ours waits in secrets.enc.next: settle which one counts first, as the service says at its start';
const TOO_FAST =
  'secrets.enc changed faster than it and the database could be copied: try again when fewer secrets are written';

async function committedFile(database: DatabaseCopy): Promise<CommittedFile> {
  const [row] = await database.query<CommittedFile>(
    'SELECT digest AS committed, previous_digest AS before FROM secrets_file WHERE id = 1',
  );
  return row ?? { committed: null, before: null };
}

async function copyFiles(dataDir: string, directory: string): Promise<string[]> {
  const copied: string[] = [];
  for (const name of FILES.filter((file) => file !== SECRETS_FILE)) {
    try {
      await copyFile(join(dataDir, name), join(directory, name), constants.COPYFILE_EXCL);
      copied.push(name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return copied;
}

/** As the restored service will judge it at its start. */
async function fits(directory: string, database: DatabaseCopy): Promise<boolean> {
  const text = await readFile(join(directory, AUDIT_KEY), 'utf8').catch(() => '');
  const key = new AuditKey(Buffer.from(text.trim(), 'hex'));
  const anchor = await new FileAuditAnchor(join(directory, AUDIT_HEAD), key, () => {}).read();
  if (anchor.state !== 'kept') return false;
  const head = await rowAt(database, 'ORDER BY seq DESC LIMIT 1', []);
  const { seq } = anchor.head;
  const known = seq === 0 ? anchor.head : await rowAt(database, 'WHERE seq = ?', [seq]);
  return judgeAnchor(anchor, head ?? { seq: 0, hash: '' }, known?.hash ?? null) === null;
}

async function rowAt(
  database: DatabaseCopy,
  rest: string,
  parameters: readonly unknown[],
): Promise<{ seq: number; hash: string } | undefined> {
  const sql = `SELECT seq, hash FROM audit_rows ${rest}`;
  const [row] = await database.query<{ seq: number; hash: string }>(sql, parameters);
  return row;
}
