import type { Command } from 'commander';

import type { Cli } from '../cli.js';
import { withExamples } from '../help.js';
import { hasFinished, runPath, type RunView } from '../run/run-view.js';
import { serviceCommand, serviceOf } from '../service-command.js';

export function cancelCommand(cli: Cli): Command {
  const command = serviceCommand('cancel')
    .description('cancel a run: SIGTERM for its command, and SIGKILL ten seconds later')
    .argument('<run>', 'the run’s id')
    .action(async (id: string) => {
      const path = `${runPath(id)}/cancel`;
      const run = await serviceOf(cli, command).request<RunView>('POST', path);
      // One that was idle between its turns is over at once, as its last turn ended.
      const over = run.keepAlive && hasFinished(run);
      cli.print(run, over ? `run ${run.id} is closed` : `run ${run.id} is being cancelled`);
    });
  return withExamples(command, {
    does: 'a run by its id',
    line: 'ID=$(npx risoluto run --issue MT-2 --detach -- sleep 600)\nnpx risoluto cancel "$ID"',
  });
}
