import type { Command } from 'commander';

import type { Backup } from '../backup/create-backup.js';
import type { LeftOutWorkspace } from '../backup/manifest.js';
import { WorkspaceSource } from '../backup/workspace-source.js';
import { workspacesOf } from '../backup/workspaces-part.js';
import type { Cli } from '../cli.js';
import { EXIT } from '../exit-codes.js';
import { withExamples } from '../help.js';
import { wholeSeconds } from '../run/run-options.js';
import { serviceCommand, serviceOf, usageError } from '../service-command.js';
import { remarking } from '../waiting.js';

interface Options {
  workspaces?: boolean;
  wait?: string;
}

const WAIT_SECONDS = '60';

export function backupCommand(cli: Cli): Command {
  const command = serviceCommand('backup')
    .summary('write a backup of the data directory')
    .description(
      [
        'Writes one file (tar.gz, mode 0600) with what a restore needs: the database as of one moment, the audit key and head, the secrets (encrypted) and their log, and the output of every run. Works in DATA_DIR itself, on the same machine and as the same user as the service, which may run meanwhile and is not disturbed. The master key is never in it, nor are the configuration and the environment. Overwrites nothing. Whoever has the file can read the output of runs and forge the audit trail: keep it as the data directory.',
        'With --workspaces the workspaces are in it too, each as of the moment that it was fetched, after the database; HOME directories never are. Only the service looks into a workspace, so it must be running, and be the one of DATA_DIR. One that a run uses is waited for; what cannot be taken is named, in the file too, the rest is kept, and the exit code is 118.',
      ].join('\n\n'),
    )
    .argument('<file>', 'a file that does not exist yet, outside the data directory')
    .option('--workspaces', 'the workspaces too')
    .option(
      '--wait <seconds>',
      `how long workspaces in use are waited for, all together (default: ${WAIT_SECONDS})`,
    )
    .action(async (file: string, { workspaces = false, wait }: Options) => {
      if (wait !== undefined && !workspaces) throw usageError('--wait: only with --workspaces');
      const waitMs = wholeSeconds('--wait', wait ?? WAIT_SECONDS, 0) * 1000;
      const source = workspaces ? new WorkspaceSource(serviceOf(cli, command), waitMs) : null;
      const { backupError } = await import('../backup/backup-error.js');
      try {
        const backup = await remarking(cli, 'writing the backup', make(cli, file, source));
        cli.print(view(backup), () => describe(backup));
        if (!backup.headFits) {
          cli.note('the audit trail was not whole before this backup: see risoluto audit verify');
        }
        tellLeftOut(cli, workspacesOf(backup.manifest)?.leftOut ?? []);
      } catch (error) {
        throw backupError(file, error);
      }
    });
  return withExamples(
    command,
    {
      does: 'a running service, to another disk',
      line: 'npx risoluto backup /srv/backup/risoluto-monday.tar.gz',
    },
    {
      does: 'with its workspaces',
      line: 'npx risoluto backup --workspaces /srv/backup/risoluto-tuesday.tar.gz',
    },
  );
}

function tellLeftOut(cli: Cli, leftOut: readonly LeftOutWorkspace[]): void {
  for (const { issue, reason } of leftOut) {
    cli.note(`the workspace of ${issue} is not in it (${reason})`);
  }
  if (leftOut.length > 0) cli.exitCode = EXIT.incomplete;
}

async function make(cli: Cli, file: string, workspaces: WorkspaceSource | null): Promise<Backup> {
  // Loaded only here: no other command pays for the database.
  const [{ createBackup }, { removingOnInterrupt }, { loadSettings }, { assertExisting }] =
    await Promise.all([
      import('../backup/create-backup.js'),
      import('../backup/interrupted-staging.js'),
      import('../../config/load-settings.js'),
      import('../offline/existing-data-directory.js'),
    ]);
  const { dataDir, masterKeyFile } = loadSettings(cli.environment).paths;
  await assertExisting(dataDir);
  return removingOnInterrupt(cli, (onStaging) =>
    createBackup({ dataDir, masterKeyFile, workspaces }, file, onStaging),
  );
}

function view({ file, bytes, manifest }: Backup) {
  const { createdAt, instanceId, runs } = manifest;
  const workspaces = workspacesOf(manifest);
  return { file, bytes, createdAt, instanceId, runs, ...(workspaces && { workspaces }) };
}

function describe({ file, bytes, manifest }: Backup): string {
  const { finished, unfinished, withOutput } = manifest.runs;
  const workspaces = workspacesOf(manifest);
  return [
    `${file} is written, ${bytes} bytes`,
    `${finished} finished and ${unfinished} unfinished runs, ${withOutput} of them with output`,
    ...(workspaces === null ? [] : [`${workspaces.stored} workspaces`]),
  ].join('\n');
}
