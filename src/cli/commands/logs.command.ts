import type { Command } from 'commander';

import type { Cli } from '../cli.js';
import { EXIT } from '../exit-codes.js';
import { withExamples } from '../help.js';
import { sinkOf } from '../run/output-sink.js';
import { AwayNotice, Persistent } from '../run/persistent.js';
import { RunFollower } from '../run/run-follower.js';
import { wholeSeconds } from '../run/run-options.js';
import { runPath, type RunView } from '../run/run-view.js';
import { copyStoredOutput } from '../run/stored-output.js';
import { serviceCommand, serviceOf } from '../service-command.js';

interface LogsOptions {
  follow?: boolean;
  raw?: boolean;
  reconnectTimeout: string;
}

export function logsCommand(cli: Cli): Command {
  const command = serviceCommand('logs')
    .summary('print what a run has printed')
    .description(
      'print what a run has printed, to standard output and standard error as the command did; of an agent what it did',
    )
    .argument('<run>', 'the run’s id')
    .option('-f, --follow', 'go on until the run has ended; Ctrl-C leaves it running')
    .option('--raw', 'with the lines that an agent itself printed')
    .option('--reconnect-timeout <seconds>', 'how long to wait for a service that is away', '300')
    .action(async (id: string, options: LogsOptions) => {
      const client = serviceOf(cli, command);
      // Whoever reads no further, as `head`, need not be waited for.
      cli.stdout.once('error', () => cli.leave(EXIT.ok));
      const look = () => client.get<RunView>(runPath(id));
      const sinkFor = ({ agent }: RunView) =>
        sinkOf(cli, { hideRaw: agent !== null && options.raw !== true });
      if (options.follow !== true) return copyStoredOutput(client, id, sinkFor(await look()));
      const limitMs = wholeSeconds('--reconnect-timeout', options.reconnectTimeout, 0) * 1000;
      const notice = new AwayNotice((text) => cli.note(text), limitMs);
      const persistent = new Persistent(limitMs, notice);
      const sink = sinkFor(await persistent.call(look));
      await new RunFollower(client, persistent, sink, limitMs).toEnd(id);
    });
  return withExamples(command, {
    does: 'follow a run that was detached',
    line: 'npx risoluto logs --follow "$ID"',
  });
}
