import type { Command } from 'commander';

import type { Cli } from '../cli.js';
import { withExamples } from '../help.js';
import { describeRun, runPath, type RunView } from '../run/run-view.js';
import { serviceCommand, serviceOf } from '../service-command.js';

export function showCommand(cli: Cli): Command {
  const command = serviceCommand('show')
    .description('show one run')
    .argument('<run>', 'the run’s id')
    .action(async (id: string) => {
      const run = await serviceOf(cli, command).get<RunView>(runPath(id));
      cli.print(run, () => describeRun(run));
    });
  return withExamples(command, {
    does: 'how a run ended',
    line: 'npx risoluto show "$ID"',
  });
}
