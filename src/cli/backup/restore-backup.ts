import { mkdir, open, readdir, realpath, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import type { Verification } from '../../audit/audit-verifier.js';
import { loadSettings } from '../../config/load-settings.js';
import { OfflineDirectory } from '../offline/offline-directory.js';
import { BackupUnreadable, unpack } from './archive-reader.js';
import { BackupRefused } from './backup-refused.js';
import { AUDIT_KEY, DATABASE, type Manifest } from './manifest.js';
import { StagingDirectory } from './staging-directory.js';

export interface RestoreOptions {
  /** Take a backup over although its audit trail is not whole. */
  readonly acceptBrokenAudit: boolean;
  readonly note: (text: string) => void;
  /** Hears at once where the unfinished parts lie. */
  readonly onStaging: (staging: StagingDirectory) => void;
}

export interface Restored {
  readonly dataDir: string;
  readonly manifest: Manifest;
  /** Runs that had not finished when the backup was made. */
  readonly ended: number;
  readonly audit: Verification;
}

/**
 * Makes the data directory that the environment names of a backup: unpacked, compared, migrated and settled
 * beside its place, and moved there in one step, so that it is there whole or not at all. It is a new
 * instance: what the old one has on an engine is not its own.
 *
 * @throws BackupUnreadable, BackupRefused, ConfigurationError, StartupError
 */
export async function restoreBackup(
  file: string,
  environment: NodeJS.ProcessEnv,
  options: RestoreOptions,
): Promise<Restored> {
  const { paths } = loadSettings(environment);
  const dataDir = await emptyPlace(paths.dataDir);
  const staging = StagingDirectory.beside(dataDir, 'restore');
  options.onStaging(staging);
  try {
    const manifest = await unpack(file, staging.path);
    for (const name of [DATABASE, AUDIT_KEY]) {
      if (manifest.members.some((member) => member.name === name)) continue;
      throw new BackupUnreadable(`it has no ${name}`);
    }
    const there = {
      ...environment,
      DATA_DIR: staging.path,
      RISOLUTO_WORKSPACES_DIR: paths.workspacesDir,
    };
    const settled = await settle(manifest, there, options);
    await moveInto(staging, dataDir);
    return { dataDir, manifest, ...settled };
  } finally {
    staging.remove();
  }
}

/** @throws BackupRefused where something is there already. */
async function emptyPlace(dataDir: string): Promise<string> {
  await mkdir(dirname(dataDir), { recursive: true });
  const place = join(await realpath(dirname(dataDir)), basename(dataDir));
  try {
    const real = await realpath(place);
    if ((await readdir(real)).length === 0) return real;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return place;
    if (code !== 'ENOTDIR') throw error;
  }
  throw new BackupRefused(
    `DATA_DIR ${place} is not empty: a backup is restored into an empty or missing directory only`,
  );
}

async function settle(
  manifest: Manifest,
  environment: NodeJS.ProcessEnv,
  { acceptBrokenAudit, note }: RestoreOptions,
): Promise<Pick<Restored, 'ended' | 'audit'>> {
  const directory = await OfflineDirectory.open(environment, 'restore', note);
  try {
    const audit = await directory.auditVerifier.verify(true);
    if (!audit.ok && !acceptBrokenAudit) throw notWhole(audit);
    const { createdAt, instanceId } = manifest;
    await directory.transactions.run(directory.origin, (tx) => {
      const details = { createdAt, runsUnfinished: manifest.runs.unfinished };
      tx.audit({ action: 'backup.restored', target: instanceId, details });
      return Promise.resolve();
    });
    return { ended: await directory.restoredRuns.end(directory.origin), audit };
  } finally {
    await directory.close();
  }
}

function notWhole({ firstBroken }: Verification): BackupRefused {
  const where = firstBroken && ` (row ${firstBroken.seq}: ${firstBroken.reason})`;
  return new BackupRefused(
    `the audit trail in the backup is not whole${where}: it was changed after it was made, or the service it is of had this trouble; --accept-broken-audit restores it, and verify goes on telling`,
  );
}

async function moveInto(staging: StagingDirectory, dataDir: string): Promise<void> {
  await sync(staging.path);
  await sync(staging.file('output'));
  try {
    await rename(staging.path, dataDir);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') {
      throw new BackupRefused(`DATA_DIR ${dataDir} is not empty any more`, { cause: error });
    }
    if (code === 'EBUSY' || code === 'EXDEV') {
      throw new BackupRefused(
        `DATA_DIR ${dataDir} is a mount point: name a directory inside it, which does not exist yet`,
        { cause: error },
      );
    }
    throw error;
  }
  await sync(dirname(dataDir));
}

async function sync(directory: string): Promise<void> {
  const handle = await open(directory, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (handle === null) return;
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
