import type { Command } from 'commander';

import type { Backup } from '../backup/create-backup.js';
import type { Cli } from '../cli.js';
import { withExamples } from '../help.js';
import { answeringCommand } from '../service-command.js';
import { remarking } from '../waiting.js';

export function backupCommand(cli: Cli): Command {
  const command = answeringCommand('backup')
    .summary('write a backup of the data directory')
    .description(
      'Writes one file (tar.gz, mode 0600) with what a restore needs: the database as of one moment, the audit key and head, the secrets (encrypted) and their log, and the output of every run. Works in DATA_DIR itself, on the same machine and as the same user as the service, which may run meanwhile and is not disturbed. The master key is never in it, nor are workspaces, the configuration or the environment. Overwrites nothing. Whoever has the file can read the output of runs and forge the audit trail: keep it as the data directory.',
    )
    .argument('<file>', 'a file that does not exist yet, outside the data directory')
    .action(async (file: string) => {
      const { backupError } = await import('../backup/backup-error.js');
      try {
        const backup = await remarking(cli, 'writing the backup', make(cli, file));
        cli.print(view(backup), () => describe(backup));
        if (!backup.headFits) {
          cli.note('the audit trail was not whole before this backup: see risoluto audit verify');
        }
      } catch (error) {
        throw backupError(file, error);
      }
    });
  return withExamples(command, {
    does: 'a running service, to another disk',
    line: 'npx risoluto backup /srv/backup/risoluto-monday.tar.gz',
  });
}

async function make(cli: Cli, file: string): Promise<Backup> {
  // Loaded only here: no other command pays for the database.
  const [{ createBackup }, { removingOnInterrupt }, { loadSettings }, { assertExisting }] =
    await Promise.all([
      import('../backup/create-backup.js'),
      import('../backup/interrupted-staging.js'),
      import('../../config/load-settings.js'),
      import('../offline/existing-data-directory.js'),
    ]);
  const { paths } = loadSettings(cli.environment);
  await assertExisting(paths.dataDir);
  return removingOnInterrupt(cli, (onStaging) => createBackup(paths, file, onStaging));
}

function view({ file, bytes, manifest }: Backup) {
  const { createdAt, instanceId, runs } = manifest;
  return { file, bytes, createdAt, instanceId, runs };
}

function describe({ file, bytes, manifest }: Backup): string {
  const { finished, unfinished, withOutput } = manifest.runs;
  return `${file} is written, ${bytes} bytes\n${finished} finished and ${unfinished} unfinished runs, ${withOutput} of them with output`;
}
