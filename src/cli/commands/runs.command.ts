import type { Command } from 'commander';

import type { Cli } from '../cli.js';
import { shellWord } from '../../kernel/shell-words.js';
import { withExamples } from '../help.js';
import { wholeNumber } from '../run/run-options.js';
import type { RunView } from '../run/run-view.js';
import { serviceCommand, serviceOf } from '../service-command.js';
import { textTable } from '../text-table.js';

interface RunsOptions {
  issue?: string;
  status?: string;
  limit: string;
}

const MOST_COMMAND_CHARACTERS = 60;

export function runsCommand(cli: Cli): Command {
  const command = serviceCommand('runs')
    .description('list runs, the newest first')
    .option('--issue <issue>', 'only those of this issue')
    .option('--status <status>', 'only those in this state')
    .option('--limit <count>', 'at most that many', '20')
    .action(async ({ issue, status, limit }: RunsOptions) => {
      const most = wholeNumber('--limit', limit, 1, 100_000);
      const query = { issue, status, limit: Math.min(most, 200) };
      const runs: RunView[] = [];
      for await (const run of serviceOf(cli, command).list<RunView>('/runs', query)) {
        runs.push(run);
        if (runs.length === most) break;
      }
      cli.print(runs, () => table(runs));
    });
  return withExamples(command, {
    does: 'the last failures of an issue',
    line: 'npx risoluto runs --issue MT-1 --status failed',
  });
}

function table(runs: readonly RunView[]): string {
  const rows = runs.map(({ id, issue, status, exitCode, createdAt, command, agent }) => [
    id,
    issue,
    status,
    exitCode === null ? '' : String(exitCode),
    createdAt,
    shortened(command?.map(shellWord).join(' ') ?? `${agent?.kind ?? ''}: ${agent?.prompt ?? ''}`),
  ]);
  return textTable(['RUN', 'ISSUE', 'STATUS', 'EXIT', 'CREATED', 'COMMAND OR PROMPT'], rows);
}

function shortened(command: string): string {
  const line = command.replaceAll(/\s+/g, ' ');
  return line.length <= MOST_COMMAND_CHARACTERS
    ? line
    : `${line.slice(0, MOST_COMMAND_CHARACTERS - 1)}…`;
}
