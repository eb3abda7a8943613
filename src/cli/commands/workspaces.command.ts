import { Command } from 'commander';

import { ISSUE_RULE, isIssueKey } from '../../workspaces/issue-key.js';
import type { Returned } from '../backup/return-workspaces.js';
import type { Cli } from '../cli.js';
import { EXIT } from '../exit-codes.js';
import { withExamples } from '../help.js';
import { Interrupts } from '../run/interrupts.js';
import { wholeSeconds } from '../run/run-options.js';
import { serviceCommand, serviceOf, usageError } from '../service-command.js';
import { textTable } from '../text-table.js';
import { remarking } from '../waiting.js';

interface WorkspaceView {
  issue: string;
  bytes: number | null;
  measuredAt: string | null;
}

interface RestoreOptions {
  issue?: string[];
  replace?: boolean;
  wait: string;
}

export function workspacesCommand(cli: Cli): Command {
  const command = new Command('workspaces')
    .description('list, delete and restore workspaces')
    .addCommand(listCommand(cli))
    .addCommand(deleteCommand(cli))
    .addCommand(restoreCommand(cli));
  return withExamples(command, {
    does: 'what they take on disk',
    line: 'npx risoluto workspaces list',
  });
}

function listCommand(cli: Cli): Command {
  const command = serviceCommand('list')
    .summary('list workspaces and what they take on disk')
    .description(
      'Lists the issues that have a workspace or a HOME, and what both take on disk together, as it was measured last.',
    )
    .action(async () => {
      const items: WorkspaceView[] = [];
      for await (const item of serviceOf(cli, command).list<WorkspaceView>('/workspaces')) {
        items.push(item);
      }
      cli.print({ items }, () => table(items));
    });
  return withExamples(command, { does: 'a table', line: 'npx risoluto workspaces list' });
}

function table(items: readonly WorkspaceView[]): string {
  const rows = items.map(({ issue, bytes, measuredAt }) => [
    issue,
    bytes === null ? '-' : String(bytes),
    measuredAt ?? '-',
  ]);
  return rows.length === 0 ? '' : textTable(['ISSUE', 'BYTES', 'MEASURED AT'], rows);
}

function deleteCommand(cli: Cli): Command {
  const command = serviceCommand('delete')
    .summary('delete a workspace')
    .description('Deletes the workspace of an issue and its HOME. Refused while a run uses them.')
    .argument('<issue>', 'whose workspace it is, such as MT-42')
    .action(async (issue: string) => {
      checkIssue(issue);
      await serviceOf(cli, command).request('DELETE', `/workspaces/${issue}`);
      cli.print({ issue, done: 'deleted' }, `the workspace of ${issue} is deleted`);
    });
  return withExamples(command, {
    does: 'of a piece of work that is done',
    line: 'npx risoluto workspaces delete MT-1',
  });
}

function restoreCommand(cli: Cli): Command {
  const command = serviceCommand('restore')
    .summary('put the workspaces of a backup back')
    .description(
      'Hands the workspaces in a file of risoluto backup --workspaces to a running service, each as an upload: the service unpacks it or refuses it, gives it its owner, and writes it into the audit trail. The whole file is compared with its hashes first. An issue that has a workspace is left alone, and told, unless --replace is given; one that a run uses is waited for. Those that could not be put back are named, the others are there, and the exit code is 118.',
    )
    .argument('<file>', 'a file that risoluto backup --workspaces wrote')
    .option('--issue <issue>', 'only the workspace of this issue; may be repeated', gather)
    .option('--replace', 'also where the issue has a workspace, which is lost')
    .option('--wait <seconds>', 'how long workspaces in use are waited for, all together', '60')
    .action(async (file: string, { issue = [], replace = false, wait }: RestoreOptions) => {
      for (const one of issue) checkIssue(one);
      const waitMs = wholeSeconds('--wait', wait, 0) * 1000;
      const service = serviceOf(cli, command);
      const [{ returnWorkspaces }, { backupError }] = await Promise.all([
        import('../backup/return-workspaces.js'),
        import('../backup/backup-error.js'),
      ]);
      const interrupts = new Interrupts(cli.signals);
      interrupts.onSecond(() => cli.leave(EXIT.cancelled));
      try {
        const options = { issues: issue, replace, waitMs, signal: interrupts.signal };
        const busy = 'comparing the file, then sending its workspaces';
        const done = await remarking(cli, busy, returnWorkspaces(service, file, options));
        cli.print(done, () => describe(done));
        tell(cli, done);
      } catch (error) {
        throw backupError(file, error);
      } finally {
        interrupts.close();
      }
    });
  return withExamples(
    command,
    {
      does: 'all of them, into a service that was restored',
      line: 'npx risoluto workspaces restore /srv/backup/risoluto-tuesday.tar.gz',
    },
    {
      does: 'one, over what the issue has now',
      line: 'npx risoluto workspaces restore --issue MT-1 --replace /srv/backup/risoluto-tuesday.tar.gz',
    },
  );
}

function describe({ restored, kept, failed }: Returned): string {
  const counts = [`${restored.length} workspaces are restored`];
  if (kept.length > 0) counts.push(`${kept.length} left alone`);
  if (failed.length > 0) counts.push(`${failed.length} not restored`);
  return counts.join(', ');
}

function tell(cli: Cli, { kept, failed, leftOut }: Returned): void {
  for (const issue of kept) {
    cli.note(`${issue} has a workspace, which is left alone: --replace puts the backup’s there`);
  }
  for (const { issue, reason } of leftOut) {
    cli.note(`the workspace of ${issue} was not taken into the backup (${reason})`);
  }
  for (const { issue, message } of failed) {
    cli.note(`the workspace of ${issue} is not restored: ${message}`);
  }
  if (failed.length > 0) cli.exitCode = EXIT.incomplete;
}

function checkIssue(issue: string): void {
  if (!isIssueKey(issue)) throw usageError(`the issue ${ISSUE_RULE}`);
}

function gather(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}
