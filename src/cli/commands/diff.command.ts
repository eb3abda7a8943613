import type { IncomingMessage } from 'node:http';

import type { Command } from 'commander';

import type { Cli } from '../cli.js';
import { EXIT } from '../exit-codes.js';
import { withExamples } from '../help.js';
import { printable } from '../printable.js';
import { serviceCommand, serviceOf } from '../service-command.js';
import { runPath } from '../run/run-view.js';
import { unreachable } from '../service/service-error.js';

const NONE = 'none';

export function diffCommand(cli: Cli): Command {
  const command = serviceCommand('diff')
    .summary('print what a run changed')
    .description(
      'print how the files of a run’s workspace differ now from the commit at which the run began, as a patch',
    )
    .argument('<run>', 'the run’s id')
    .action(async (id: string) => {
      const client = serviceOf(cli, command);
      // Whoever reads no further, as `head`, need not be waited for.
      cli.stdout.once('error', () => cli.leave(EXIT.ok));
      const answer = await client.stream(`${runPath(id)}/diff`, {
        headers: { accept: 'text/x-diff' },
      });
      const patch = await wholeOf(answer).catch((error: unknown) => {
        throw unreachable(client.url, error);
      });
      const base = String(answer.headers['diff-base'] ?? NONE);
      if (cli.json) cli.print({ base: base === NONE ? null : base, patch: String(patch) }, '');
      // A terminal is not to be moved by what a run wrote; a file is to be the patch.
      else cli.stdout.write(cli.stdout.isTTY === true ? printable(String(patch)) : patch);
    });
  return withExamples(command, {
    does: 'look at what a run changed',
    line: `npx risoluto run --issue MT-9 -- touch made && npx risoluto diff "$(npx risoluto runs --issue MT-9 --json | jq -r '.[0].id')"`,
  });
}

/** At most what the service sends, which is bounded. */
async function wholeOf(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  if (!answer.complete) throw new Error('the answer was cut');
  return Buffer.concat(chunks);
}
