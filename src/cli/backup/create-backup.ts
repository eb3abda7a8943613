import { createReadStream, constants } from 'node:fs';
import {
  access,
  link,
  open,
  readFile,
  realpath,
  rename,
  stat,
  unlink,
  type FileHandle,
} from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { Readable } from 'node:stream';

import { VERSION } from '../../kernel/version.js';
import type { DatabaseCopy } from '../../persistence/database-copy.js';
import { ArchiveWriter } from './archive-writer.js';
import { BackupRefused } from './backup-refused.js';
import { copyData, type DataCopy } from './data-copy.js';
import {
  BACKUP_FORMAT,
  DATABASE,
  MANIFEST,
  WORKSPACES_FORMAT,
  isDataMember,
  outputName,
  type Manifest,
} from './manifest.js';
import { StagingDirectory } from './staging-directory.js';
import { collectWorkspaces } from './workspace-collection.js';
import type { TrailRow, WorkspaceSource } from './workspace-source.js';

export interface BackupSource {
  /** Absolute. */
  readonly dataDir: string;
  /** Absolute; it must not be taken along, wherever it lies. */
  readonly masterKeyFile: string | null;
  /** Of the service that has `dataDir`; `null`: a backup without workspaces. */
  readonly workspaces: WorkspaceSource | null;
}

export interface Backup {
  readonly file: string;
  readonly bytes: number;
  readonly manifest: Manifest;
  /** Whether the audit's head fitted its table. */
  readonly headFits: boolean;
}

const RUNS_AT_A_TIME = 1000;

/**
 * Writes a backup of the data directory to a new file, mode 0600; whole and durable when it resolves,
 * and not there at all before. `onStaging` hears at once where the unfinished parts lie. Workspaces are
 * fetched after the database was copied: no run that it calls finished lacks its files.
 *
 * @throws BackupRefused, and CliError of a service that was asked for workspaces
 */
export async function createBackup(
  source: BackupSource,
  file: string,
  onStaging: (staging: StagingDirectory) => void,
): Promise<Backup> {
  const target = await newFile(file, source.dataDir);
  await assertNoMasterKey(source);
  const row = (await source.workspaces?.newestRow()) ?? null;
  const staging = StagingDirectory.beside(target, 'part');
  onStaging(staging);
  try {
    const copy = await copyData(source.dataDir, staging.file('data'));
    try {
      if (row !== null) await assertSameTrail(copy.database, row, source);
      const archive = staging.file('backup.tar.gz');
      const manifest = await pack(source, copy, { archive, workspace: staging.file('workspace') });
      const { size } = await stat(archive);
      await publish(archive, target);
      return { file: target, bytes: size, manifest, headFits: copy.headFits };
    } finally {
      await copy.database.close();
    }
  } finally {
    staging.remove();
  }
}

async function newFile(file: string, dataDir: string): Promise<string> {
  const directory = await realpath(dirname(resolve(file))).catch(() => {
    throw new BackupRefused(`${dirname(resolve(file))} is no directory to write to`);
  });
  const target = join(directory, basename(file));
  if (!relative(await realpath(dataDir), target).startsWith('..')) {
    throw new BackupRefused('the backup would lie in DATA_DIR itself: name a file elsewhere');
  }
  const taken = await access(target).then(
    () => true,
    () => false,
  );
  if (taken) throw exists(target);
  return target;
}

function exists(target: string): BackupRefused {
  return new BackupRefused(`${target} exists: nothing is overwritten, name another file`);
}

/** Only names of ours are taken along; this holds even where the key bears one of them. */
async function assertNoMasterKey({ dataDir, masterKeyFile }: BackupSource): Promise<void> {
  if (masterKeyFile === null) return;
  const [root, key] = await Promise.all([realpath(dataDir), realpath(masterKeyFile)]);
  if (isDataMember(relative(root, key))) {
    throw new BackupRefused(`MASTER_KEY_FILE bears a name of the service's own: move it elsewhere`);
  }
}

/** The workspaces of one service in the backup of another would be worse than none. */
async function assertSameTrail(
  database: DatabaseCopy,
  { seq, hash }: TrailRow,
  { dataDir, workspaces }: BackupSource,
): Promise<void> {
  const [row] = await database.query<{ hash: string }>(
    'SELECT hash FROM audit_rows WHERE seq = ?',
    [seq],
  );
  if (row?.hash === hash) return;
  throw new BackupRefused(
    `the service at ${workspaces?.url} is not the one of DATA_DIR ${dataDir}: their audit trails differ`,
  );
}

async function pack(
  source: BackupSource,
  copy: DataCopy,
  places: { archive: string; workspace: string },
): Promise<Manifest> {
  const { dataDir } = source;
  const writer = new ArchiveWriter(places.archive);
  for (const name of [DATABASE, ...copy.files]) {
    const path = join(copy.directory, name);
    const { size } = await stat(path);
    await writer.add(name, size, createReadStream(path));
  }
  const runs = await addOutputs(writer, dataDir, copy.database);
  const common = {
    version: VERSION,
    createdAt: new Date().toISOString(),
    instanceId: (await readFile(join(dataDir, 'instance-id'), 'utf8')).trim(),
    schema: await lastMigration(copy.database),
    runs,
  };
  const workspaces =
    source.workspaces && (await collectWorkspaces(source.workspaces, writer, places.workspace));
  const members = [...writer.members];
  const manifest: Manifest =
    workspaces === null
      ? { format: BACKUP_FORMAT, ...common, members }
      : { format: WORKSPACES_FORMAT, ...common, workspaces, members };
  const text = Buffer.from(JSON.stringify(manifest));
  await writer.add(MANIFEST, text.length, Readable.from([text]));
  await writer.finish();
  return manifest;
}

/** Of every run in the copy; what one that goes on prints from now on is not in it. */
async function addOutputs(
  writer: ArchiveWriter,
  dataDir: string,
  database: DatabaseCopy,
): Promise<Manifest['runs']> {
  const runs = { finished: 0, unfinished: 0, withOutput: 0 };
  for (let after = ''; ;) {
    const rows = await database.query<{ id: string; finished: number }>(
      'SELECT id, finished_at IS NOT NULL AS finished FROM runs WHERE id > ? ORDER BY id LIMIT ?',
      [after, RUNS_AT_A_TIME],
    );
    for (const { id, finished } of rows) {
      runs[finished ? 'finished' : 'unfinished'] += 1;
      if (await addOutput(writer, dataDir, id)) runs.withOutput += 1;
    }
    const last = rows.at(-1);
    if (last === undefined) return runs;
    after = last.id;
  }
}

async function addOutput(writer: ArchiveWriter, dataDir: string, runId: string): Promise<boolean> {
  const name = outputName(runId);
  let handle: FileHandle;
  try {
    handle = await open(join(dataDir, name), constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  try {
    const { size } = await handle.stat();
    await writer.add(name, size, handle.createReadStream({ autoClose: false }));
    return true;
  } finally {
    await handle.close();
  }
}

async function lastMigration(database: DatabaseCopy): Promise<string> {
  const [row] = await database.query<{ name: string }>(
    'SELECT name FROM risoluto_migrations ORDER BY timestamp DESC LIMIT 1',
  );
  return row?.name ?? '';
}

/** Under its name only when it is whole, and never over another file. */
async function publish(archive: string, target: string): Promise<void> {
  try {
    await link(archive, target);
    await unlink(archive);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw exists(target);
    if (!['EPERM', 'ENOTSUP', 'EMLINK', 'ENOSYS'].includes(code)) throw error;
    // A file system without hard links.
    await rename(archive, target);
  }
  const directory = await open(dirname(target), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
