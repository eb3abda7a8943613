import type { Command } from 'commander';

import type { Manifest } from '../backup/manifest.js';
import type { Restored } from '../backup/restore-backup.js';
import { workspacesOf } from '../backup/workspaces-part.js';
import type { Cli } from '../cli.js';
import { withExamples } from '../help.js';
import { answeringCommand } from '../service-command.js';
import { remarking } from '../waiting.js';

interface Options {
  acceptBrokenAudit?: boolean;
}

export function restoreCommand(cli: Cli): Command {
  const command = answeringCommand('restore')
    .summary('make a data directory of a backup')
    .description(
      'Makes DATA_DIR, which must be empty or missing, of a file of risoluto backup: compares every part with its hash, brings the database to this version, verifies the audit trail, and ends every run that had not finished when the backup was made as lost, restored_from_backup, since it may have run since. The directory appears whole or not at all. It is a new instance, which leaves the containers and the network of the old one alone. Start the service with the same MASTER_KEY as before: without it the secrets cannot be read. Workspaces in the file are compared and left in it: risoluto workspaces restore hands them to the running service.',
    )
    .argument('<file>', 'a file that risoluto backup wrote')
    .option('--accept-broken-audit', 'although the audit trail in it is not whole')
    .action(async (file: string, { acceptBrokenAudit = false }: Options) => {
      const { backupError } = await import('../backup/backup-error.js');
      try {
        const busy = 'restoring, and verifying the audit trail';
        const restored = await remarking(cli, busy, restore(cli, file, acceptBrokenAudit));
        cli.print(view(restored), () => describe(restored, file));
      } catch (error) {
        throw backupError(file, error);
      }
    });
  return withExamples(command, {
    does: 'into a new directory',
    line: 'DATA_DIR=/srv/risoluto/data npx risoluto restore /srv/backup/risoluto-monday.tar.gz',
  });
}

async function restore(cli: Cli, file: string, acceptBrokenAudit: boolean): Promise<Restored> {
  // Loaded only here: no other command pays for the database.
  const [{ restoreBackup }, { removingOnInterrupt }] = await Promise.all([
    import('../backup/restore-backup.js'),
    import('../backup/interrupted-staging.js'),
  ]);
  return removingOnInterrupt(cli, (onStaging) =>
    restoreBackup(file, cli.environment, {
      acceptBrokenAudit,
      onStaging,
      note: (text) => cli.note(text),
    }),
  );
}

function view({ dataDir, manifest, ended, audit }: Restored) {
  const { createdAt, instanceId } = manifest;
  const workspaces = workspacesOf(manifest);
  return {
    dataDir,
    createdAt,
    formerInstanceId: instanceId,
    runsEnded: ended,
    audit,
    ...(workspaces && { workspaces }),
  };
}

function describe({ dataDir, manifest, ended, audit }: Restored, file: string): string {
  const trail = audit.ok ? 'whole' : 'NOT WHOLE';
  return [
    `${dataDir} is restored, as of ${manifest.createdAt}`,
    `the audit trail is ${trail}, ${audit.checked} rows; ${ended} unfinished runs are ended`,
    `the former instance was ${manifest.instanceId}: on the same engine, remove its containers and network before the first start`,
    ...workspacesLine(manifest, file),
  ].join('\n');
}

function workspacesLine(manifest: Manifest, file: string): string[] {
  const { stored = 0 } = workspacesOf(manifest) ?? {};
  if (stored === 0) return [];
  return [
    `${stored} workspaces are still in the file: start the service, then risoluto workspaces restore ${file}`,
  ];
}
